// A video that has been read: step through it and see the affect at each frame.
import Circumplex from "/assets/circumplex.js";
import ExpressionBars from "/assets/expression_bars.js";
import TimelineChart from "/assets/timeline_chart.js";
import { clock, percent, signed } from "/assets/format.js";

const AHEAD = 10;
const KEPT = 80;
const TRAIL_SECONDS = 4;

export default {
  components: { Circumplex, ExpressionBars, TimelineChart },
  props: { settings: Object, file: Object, timeline: Object },
  emits: ["close"],
  data: () => ({ frame: 0, playing: false, chosen: null, shape: 3 / 4 }),
  computed: {
    count() {
      return this.timeline.times.length;
    },
    time() {
      return this.timeline.times[this.frame];
    },
    ids() {
      const people = this.timeline.people;
      return Object.keys(people).sort((a, b) => people[b].frame.length - people[a].frame.length);
    },
    id() {
      return this.chosen ?? this.timeline.main;
    },
    column() {
      return this.id ? this.timeline.people[this.id] : null;
    },
    // Index of each person's row for each frame, so that stepping stays quick in long videos.
    rows() {
      return Object.fromEntries(
        this.ids.map((id) => [id, new Map(this.timeline.people[id].frame.map((f, i) => [f, i]))]),
      );
    },
    present() {
      return this.ids
        .filter((id) => this.rows[id].has(this.frame))
        .map((id) => ({ id, ...this.at(id, this.rows[id].get(this.frame)) }));
    },
    person() {
      return this.present.find((found) => found.id === this.id) ?? null;
    },
    trail() {
      if (!this.person) return [];
      const row = this.rows[this.id].get(this.frame);
      const { frame, v, a } = this.column;
      const points = [];
      for (let i = row; i >= 0 && this.time - this.timeline.times[frame[i]] < TRAIL_SECONDS; i--) {
        points.push({ valence: v[i], arousal: a[i] });
      }
      return points.reverse();
    },
  },
  watch: {
    frame() {
      this.show();
    },
  },
  mounted() {
    this.images = new Map();
    this.context = this.$refs.canvas.getContext("2d");
    window.addEventListener("keydown", this.key);
    this.show();
  },
  unmounted() {
    window.removeEventListener("keydown", this.key);
    clearTimeout(this.timer);
  },
  methods: {
    clock, percent, signed,
    at(id, row) {
      const p = this.timeline.people[id];
      const probabilities = p.p[row];
      return {
        box: p.box[row], label: p.label[row], p: probabilities, v: p.v[row], a: p.a[row], affect: p.affect[row],
        confidence: Math.max(...probabilities),
      };
    },
    image(number) {
      let image = this.images.get(number);
      if (!image) {
        image = new Image();
        image.src = `/files/${this.file.id}/frames/${number}`;
        image.ready = image.decode().catch(() => {});
        this.images.set(number, image);
        if (this.images.size > KEPT) this.images.delete(this.images.keys().next().value);
      }
      return image;
    },
    async show() {
      const wanted = this.frame;
      const image = this.image(wanted);
      await image.ready;
      for (let n = wanted + 1; n <= Math.min(wanted + AHEAD, this.count - 1); n++) this.image(n);
      const canvas = this.$refs.canvas;
      if (wanted !== this.frame || !canvas || !image.naturalWidth) return;
      if (canvas.width !== image.naturalWidth || canvas.height !== image.naturalHeight) {
        canvas.width = image.naturalWidth;
        canvas.height = image.naturalHeight;
        this.shape = image.naturalHeight / image.naturalWidth;
      }
      this.context.drawImage(image, 0, 0);
    },
    go(number) {
      this.frame = Math.min(Math.max(number, 0), this.count - 1);
    },
    step(frames) {
      this.stop();
      this.go(this.frame + frames);
    },
    seek(number) {
      this.stop();
      this.go(number);
    },
    play() {
      if (this.playing) return this.stop();
      if (this.frame === this.count - 1) this.frame = 0;
      this.playing = true;
      this.started = performance.now() - 1000 * this.time;
      this.tick();
    },
    async tick() {
      if (!this.playing) return;
      await this.image(Math.min(this.frame + 1, this.count - 1)).ready;
      const now = (performance.now() - this.started) / 1000;
      let next = this.frame;
      while (next < this.count - 1 && this.timeline.times[next + 1] <= now) next++;
      this.frame = next;
      if (next === this.count - 1) return this.stop();
      this.timer = setTimeout(() => this.tick(), Math.max(5, 1000 * (this.timeline.times[next + 1] - now)));
    },
    stop() {
      this.playing = false;
      clearTimeout(this.timer);
    },
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.target.closest?.("input, select, textarea, .q-dialog")) return;
      const second = Math.max(1, Math.round(this.timeline.fps));
      const actions = {
        ArrowLeft: () => this.step(event.shiftKey ? -second : -1),
        ArrowRight: () => this.step(event.shiftKey ? second : 1),
        Home: () => this.seek(0),
        End: () => this.seek(this.count - 1),
      };
      if (!event.target.closest?.("button, a")) actions[" "] = () => this.play();
      const action = actions[event.key];
      if (action) {
        event.preventDefault();
        action();
      }
    },
    place(found) {
      const [left, top, right, bottom] = found.box.map((edge) => 100 * edge);
      return {
        left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%`,
        "--mark": this.settings.colours[found.label],
      };
    },
  },
  template: `
    <div class="player">
      <section class="card see" aria-label="Frame">
        <div class="stage" :style="{ aspectRatio: 1 / shape }">
          <canvas ref="canvas" role="img" :aria-label="'Frame ' + (frame + 1) + ' of ' + count"></canvas>
          <button v-for="f in present" :key="f.id" type="button" class="face"
                  :class="{ selected: f.id === id, high: f.box[1] < 0.08 }"
                  :style="place(f)" :aria-pressed="f.id === id" @click="chosen = f.id"
                  :aria-label="'Face ' + f.id + ', ' + f.label + ' ' + percent(f.confidence)">
            <span class="tag"><b>{{ f.label }} {{ percent(f.confidence) }}</b> {{ f.id }}</span></button>
        </div>
        <div class="transport">
          <button type="button" @click="seek(0)" aria-label="First frame" title="Home">«</button>
          <button type="button" @click="step(-1)" aria-label="Previous frame" title="←">‹</button>
          <button type="button" class="play" @click="play" title="Space">{{ playing ? "Pause" : "Play" }}</button>
          <button type="button" @click="step(1)" aria-label="Next frame" title="→">›</button>
          <button type="button" @click="seek(count - 1)" aria-label="Last frame" title="End">»</button>
          <span class="where"><output data-part="time">{{ clock(time) }}</output>
            <small>frame <span data-part="frame">{{ frame + 1 }}</span> of {{ count }}</small></span>
        </div>
        <label class="visually-hidden" for="position">Frame</label>
        <input id="position" type="range" min="0" :max="count - 1" :value="frame"
               :aria-valuetext="clock(time)" @input="seek(Number($event.target.value))">
        <TimelineChart v-if="column" :settings="settings" :times="timeline.times" :person="column" :frame="frame"
                       @seek="seek" />
        <p v-else class="empty">No face was found in this video.</p>
        <p class="note keys"><kbd>←</kbd> <kbd>→</kbd> one frame, with <kbd>Shift</kbd> one second,
          <kbd>Space</kbd> play, <kbd>Home</kbd> <kbd>End</kbd></p>
      </section>
      <section class="card read" aria-labelledby="h-frame">
        <h2 id="h-frame">At this frame <small v-if="person">{{ person.id }}</small></h2>
        <p class="label" data-part="label" :data-label="person?.label ?? ''"
           :style="{ '--mark': settings.colours[person?.label] ?? 'transparent' }">
          {{ person ? person.label : "no face" }} <span v-if="person">{{ percent(person.confidence) }}</span></p>
        <p v-if="ids.length > 1" class="choose"><label for="person">Person</label>
          <select id="person" :value="id" @change="chosen = $event.target.value">
            <option v-for="i in ids" :key="i" :value="i">{{ i }}</option></select></p>
        <ExpressionBars :settings="settings" :person="person" />
        <Circumplex :settings="settings" :person="person" :trail="trail" />
      </section>
      <section class="card about" aria-labelledby="h-file">
        <h2 id="h-file">{{ file.name }}</h2>
        <p v-if="file.warning" class="warning" role="alert">{{ file.warning }}</p>
        <dl>
          <dt>Length</dt><dd>{{ clock(file.duration) }}, {{ count }} frames</dd>
          <dt>Read at</dt><dd>{{ file.speed }} times real time</dd>
          <dt>Faces</dt><dd>{{ file.people }}</dd>
        </dl>
        <p class="choices">
          <a class="button" :href="'/files/' + file.id + '/table'" download>Download the table</a>
          <button type="button" class="quiet" @click="$emit('close')">Close and delete</button></p>
        <p class="note">The video itself is deleted already. Pictures and table go when you close them, or
          {{ settings.retention_min }} minutes after the last use.</p>
      </section>
    </div>`,
};
