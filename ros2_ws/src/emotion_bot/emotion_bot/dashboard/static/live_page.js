// The live page: what the robot sees, infers, does and keeps.
import { connect, device, known, live } from "/assets/live_store.js";
import { milliseconds, percent } from "/assets/format.js";
import Circumplex from "/assets/circumplex.js";
import Devices from "/assets/devices.js";
import ExpressionBars from "/assets/expression_bars.js";
import HeadPose from "/assets/head_pose.js";
import Mood from "/assets/mood.js";
import Stage from "/assets/stage.js";

const LEVELS = ["ok", "warning", "error", "stale"];
const MODALITIES = ["face", "voice", "words"];

export default {
  components: { Circumplex, Devices, ExpressionBars, HeadPose, Mood, Stage },
  props: { settings: Object },
  emits: ["switch", "record", "park", "follow", "name", "forget"],
  data: () => ({ picked: null, spoken: "", modalities: MODALITIES }),
  computed: {
    isKnown: () => known.value,
    slow: () => live.slow,
    selected() {
      if (this.picked && live.people[this.picked]) return this.picked;
      const followed = live.gaze?.face_id;
      if (followed && live.people[followed]) return followed;
      return Object.keys(live.people)[0] ?? null;
    },
    person() {
      return this.selected ? live.people[this.selected] : null;
    },
    trail() {
      return (this.selected && live.trails[this.selected]) || [];
    },
    words: () => live.slow?.words ?? [],
    silence() {
      const microphone = device("microphone").state;
      if (microphone === "absent") return "The robot does not listen: no microphone node runs.";
      if (microphone === "off") return "The microphone is off.";
      if (microphone === "unknown") return "Whether the microphone is on is not known.";
      return "No words yet.";
    },
    nodes() {
      return (live.slow?.health ?? []).map((row) => ({
        ...row,
        level: row.silent ? "silent" : LEVELS[row.level] ?? "unknown",
      }));
    },
  },
  mounted() {
    connect();
    // Screen readers hear a change of expression, not ten numbers a second.
    this.timer = setInterval(() => {
      const text = this.person ? `${this.person.label}, ${this.person.affect}` : "nobody in view";
      if (text !== this.spoken) this.spoken = text;
    }, 4000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: { milliseconds, percent },
  template: `
    <div class="live">
      <h1 class="visually-hidden">Live</h1>
      <p class="visually-hidden" role="status" aria-live="polite">{{ spoken }}</p>
      <div class="column">
        <section class="card see" aria-label="What the robot sees">
          <Stage :settings="settings" :selected="selected" @select="picked = $event" />
          <Devices @switch="$emit('switch', $event)" @record="$emit('record', $event)"
                   @park="$emit('park', $event)" @follow="$emit('follow', $event)" />
        </section>
      </div>
      <div class="column">
        <section class="card read" aria-labelledby="h-expression">
          <h2 id="h-expression">Expression <small v-if="selected">{{ selected }}</small></h2>
          <p class="label" data-part="label" :data-label="person?.label ?? ''"
             :style="{ '--mark': settings.colours[person?.label] ?? 'var(--line)' }">
            {{ person ? person.label : "nobody in view" }}
            <span v-if="person">{{ percent(person.confidence) }}</span></p>
          <ExpressionBars :settings="settings" :person="person" />
          <h3>Comes from</h3>
          <p class="mix" role="img" :aria-label="person ? modalities.map((m, i) =>
              m + ' ' + percent(person.weights[i])).join(', ') : 'nothing'">
            <i v-for="(m, i) in modalities" :key="m" :class="m" :style="{ flexGrow: person?.weights[i] ?? 0 }"></i>
          </p>
          <p class="legend"><span v-for="(m, i) in modalities" :key="m" :class="m">
            {{ m }} {{ percent(person?.weights[i]) }}</span></p>
        </section>
        <section class="card" aria-labelledby="h-head">
          <h2 id="h-head">Head</h2>
          <HeadPose :settings="settings" />
        </section>
        <section class="card words" aria-labelledby="h-words">
          <h2 id="h-words">Words heard</h2>
          <ul v-if="words.length" aria-live="polite">
            <li v-for="(w, i) in words" :key="i" :class="{ partial: !w.final }">{{ w.text }}</li></ul>
          <p v-else class="empty">{{ silence }}</p>
        </section>
      </div>
      <div class="column">
        <section class="card affect" aria-labelledby="h-affect">
          <h2 id="h-affect">Affect <small>last 30 s</small></h2>
          <Circumplex :settings="settings" :person="person" :trail="trail" />
          <p class="note">What face, voice and words show. It is no proof of what is felt.</p>
        </section>
        <section class="card" aria-labelledby="h-mood">
          <h2 id="h-mood">Mood <small>today and this week</small></h2>
          <Mood :settings="settings" @name="$emit('name', $event)" @forget="$emit('forget', $event)" />
        </section>
      </div>
      <section class="card health" aria-labelledby="h-health">
        <h2 id="h-health">Health <small v-if="isKnown">{{ slow.frame_rate }} frames/s</small></h2>
        <p v-if="!isKnown" class="empty">Not known at the moment.</p>
        <div v-else class="tables">
          <table>
            <caption class="visually-hidden">Nodes</caption>
            <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Report</th></tr></thead>
            <tbody><tr v-for="n in nodes" :key="n.node" :data-level="n.level">
              <th scope="row">{{ n.node }}</th>
              <td><span class="level">{{ n.level }}</span></td>
              <td>{{ n.silent ? "no report for " + Math.round(n.age) + " s" : n.message }}</td></tr></tbody>
          </table>
          <table class="latency">
            <caption class="visually-hidden">Latency since the picture was taken</caption>
            <thead><tr><th scope="col">From capture to</th><th scope="col">median</th><th scope="col">95 %</th></tr></thead>
            <tbody><tr v-for="l in slow.latency" :key="l.stage"><th scope="row">{{ l.stage }}</th>
              <td>{{ milliseconds(l.p50) }}</td><td>{{ milliseconds(l.p95) }}</td></tr></tbody>
          </table>
        </div>
      </section>
    </div>`,
};
