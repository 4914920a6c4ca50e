// What senses and moves: its state as the robot reports it, and a button to change that.
import { device, known, live } from "/assets/live_store.js";
import { shortId } from "/assets/format.js";

const WORDS = { on: "on", off: "off", unknown: "unknown", absent: "not there" };
const GIVE_UP_MS = 10000;

export default {
  emits: ["switch", "record", "park", "follow"],
  data: () => ({ pending: {} }),
  computed: {
    isKnown: () => known.value,
    senses() {
      return [
        this.row("camera", "Camera", "Turn off", "Turn on"),
        this.row("microphone", "Microphone", "Turn off", "Turn on"),
      ];
    },
    recording() {
      const part = known.value ? live.slow.privacy.find((found) => found.name === "recording") : null;
      const state = part?.state ?? "unknown";
      const isOurs = known.value && live.slow.recording_here;
      return {
        state,
        detail: state === "on" && !isOurs ? `${part.detail}, started elsewhere` : part?.detail ?? "",
        word: WORDS[state],
        action: isOurs ? "Stop" : state === "off" ? "Record…" : null,
        target: !isOurs,
      };
    },
    head: () => device("head"),
    hasBehaviour: () => known.value && live.slow.has_behaviour,
    posture: () => live.posture?.state ?? null,
    headText() {
      if (!known.value) return "unknown";
      if (this.head.state === "absent") return "not there";
      if (this.head.state === "off") return "parked, link closed";
      if (this.head.state === "unknown") return `unknown: ${this.head.detail}`;
      if (this.posture === "parked" || this.posture === "sleeping") return this.posture;
      if (live.head?.connected === false) return "on, but the head does not answer";
      const gaze = live.gaze?.state;
      return gaze ? `${this.posture ?? "on"}, gaze ${gaze}` : this.posture ?? "on";
    },
    isParked() {
      return this.head.state === "off" || this.posture === "parked" || this.posture === "sleeping";
    },
    canPark() {
      return known.value && (this.head.switchable || this.hasBehaviour) && this.head.state !== "absent";
    },
    facesInView: () => live.faces ?? [],
    chosen: () => live.slow?.chosen ?? "",
    choices() {
      const ids = this.facesInView;
      return this.chosen && !ids.includes(this.chosen) ? [...ids, this.chosen] : ids;
    },
  },
  watch: {
    senses(rows) {
      for (const row of rows) if (this.pending[row.name] === row.state) delete this.pending[row.name];
    },
  },
  methods: {
    shortId,
    row(name, title, offText, onText) {
      const { state, detail, goes_to: readers, switchable } = device(name);
      const whole = (readers ?? []).filter((reader) => !reader.includes(" ("));
      const shown = state === "on" && whole.length ? `received by ${whole.join(", ")}` : detail;
      return {
        name, title, state, detail: shown,
        word: WORDS[state],
        action: !switchable ? null : state === "off" ? onText : offText,
        target: state === "off",
        isPending: name in this.pending,
      };
    },
    toggle(row) {
      const wanted = row.target ? "on" : "off";
      this.pending[row.name] = wanted;
      setTimeout(() => this.pending[row.name] === wanted && delete this.pending[row.name], GIVE_UP_MS);
      this.$emit("switch", { name: row.name, on: row.target });
    },
  },
  template: `
    <ul class="devices">
      <li v-for="row in senses" :key="row.name" :data-device="row.name" :data-state="row.state">
        <span class="dot" aria-hidden="true"></span>
        <span class="what"><b>{{ row.title }}</b> <span class="state">{{ row.word }}</span>
          <small v-if="row.detail">{{ row.detail }}</small></span>
        <button v-if="row.action" type="button" :disabled="row.isPending" @click="toggle(row)"
                :aria-label="row.action.replace('…', '') + ': ' + row.title.toLowerCase()">
          {{ row.isPending ? "…" : row.action }}</button>
      </li>
      <li data-device="recording" :data-state="recording.state">
        <span class="dot" aria-hidden="true"></span>
        <span class="what"><b>Recording</b> <span class="state">{{ recording.word }}</span>
          <small v-if="recording.detail">{{ recording.detail }}</small></span>
        <button v-if="recording.action" type="button" @click="$emit('record', { on: recording.target })"
                :aria-label="recording.target ? 'Record' : 'Stop recording'">{{ recording.action }}</button>
      </li>
      <li data-device="head" :data-state="head.state" :data-parked="isParked">
        <span class="dot" aria-hidden="true"></span>
        <span class="what"><b>Head</b> <span class="state">{{ headText }}</span></span>
        <button v-if="canPark" type="button" @click="$emit('park', { park: !isParked })"
                :aria-label="isParked ? 'Wake the head' : 'Park the head'">
          {{ isParked ? "Wake" : "Park" }}</button>
      </li>
      <li data-device="follow">
        <span class="dot none" aria-hidden="true"></span>
        <label class="what" for="follow"><b>Looks at</b></label>
        <select id="follow" :value="chosen" :disabled="!isKnown"
                @change="$emit('follow', { face_id: $event.target.value })">
          <option value="">whom it chooses</option>
          <option v-for="id in choices" :key="id" :value="id">
            {{ shortId(id) }}{{ facesInView.includes(id) ? "" : " (not in view)" }}</option>
        </select>
      </li>
    </ul>`,
};
