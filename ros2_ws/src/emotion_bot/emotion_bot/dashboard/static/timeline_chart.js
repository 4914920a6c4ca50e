// Valence, arousal and label over a video; also the place to point at for a frame.
const WIDTH = 1000;
const HEIGHT = 190;
const BAND = 22;
const LONGEST_GAP_FRAMES = 12;

export default {
  props: { settings: Object, times: Array, person: Object, frame: Number },
  emits: ["seek"],
  data: () => ({ dragging: false }),
  computed: {
    end() {
      return Math.max(this.times[this.times.length - 1] ?? 0, 1e-6);
    },
    curves() {
      return { valence: this.curve("v"), arousal: this.curve("a") };
    },
    bands() {
      const { frame, label } = this.person;
      const bands = [];
      for (let i = 0; i < frame.length; i++) {
        const x = this.x(frame[i]);
        const last = bands[bands.length - 1];
        if (last && last.label === label[i] && frame[i] - last.frame <= LONGEST_GAP_FRAMES) {
          last.to = x;
          last.frame = frame[i];
        } else {
          bands.push({ label: label[i], from: x, to: x, frame: frame[i] });
        }
      }
      return bands;
    },
    ticks() {
      const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300].find((s) => this.end / s <= 12) ?? 600;
      return Array.from({ length: Math.floor(this.end / step) + 1 }, (_, i) => ({
        x: (WIDTH * i * step) / this.end,
        text: `${i * step} s`,
      }));
    },
    cursor() {
      return this.x(this.frame);
    },
  },
  methods: {
    x(frame) {
      return (WIDTH * this.times[frame]) / this.end;
    },
    y(value) {
      return (HEIGHT - BAND) * (0.5 - 0.5 * value);
    },
    curve(column) {
      const values = this.person[column];
      const frames = this.person.frame;
      const step = Math.max(1, Math.floor(frames.length / WIDTH));
      let path = "";
      let previous = null;
      for (let i = 0; i < frames.length; i += step) {
        const begins = previous === null || frames[i] - previous > LONGEST_GAP_FRAMES * step;
        path += `${begins ? "M" : "L"}${this.x(frames[i]).toFixed(1)} ${this.y(values[i]).toFixed(1)}`;
        previous = frames[i];
      }
      return path;
    },
    seek(event) {
      const box = event.currentTarget.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      const time = share * this.end;
      let low = 0;
      let high = this.times.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.times[middle] < time) low = middle + 1;
        else high = middle;
      }
      this.$emit("seek", low);
    },
    press(event) {
      this.dragging = true;
      event.currentTarget.setPointerCapture(event.pointerId);
      this.seek(event);
    },
    move(event) {
      if (this.dragging) this.seek(event);
    },
  },
  template: `
    <figure class="timeline">
      <svg viewBox="0 0 1000 190" preserveAspectRatio="none" aria-hidden="true"
           @pointerdown="press" @pointermove="move" @pointerup="dragging = false" @pointercancel="dragging = false">
        <path class="grid" d="M0 84H1000" />
        <path v-for="t in ticks" :key="t.x" class="grid" :d="'M' + t.x + ' 0V168'" />
        <rect v-for="(b, i) in bands" :key="i" :x="b.from" :width="Math.max(1, b.to - b.from)" y="172" height="18"
              :fill="settings.colours[b.label]"><title>{{ b.label }}</title></rect>
        <path class="curve valence" :d="curves.valence" />
        <path class="curve arousal" :d="curves.arousal" />
        <path class="cursor" :d="'M' + cursor + ' 0V190'" />
      </svg>
      <div class="scale" aria-hidden="true"><span v-for="t in ticks" :key="t.x"
           :style="{ left: t.x / 10 + '%' }">{{ t.text }}</span></div>
      <figcaption><span class="key valence">valence</span> <span class="key arousal">arousal</span>
        <span>label below; −1 to +1</span></figcaption>
    </figure>`,
};
