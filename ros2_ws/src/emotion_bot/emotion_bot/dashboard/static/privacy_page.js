// What is on, where data goes and what is kept.
import { connect, known, live } from "/assets/live_store.js";

const NAMES = {
  camera: "Camera", microphone: "Microphone", recording: "Recording", mood_memory: "Mood memory",
  network: "Network", live_page: "Live page", opened_files: "Opened video files",
};
const CROPS = " (crops of faces)";
const WORDS = { on: "on", off: "off", unknown: "unknown", absent: "not there" };

export default {
  data: () => ({ words: WORDS }),
  computed: {
    isKnown: () => known.value,
    parts: () => live.slow?.privacy ?? [],
  },
  methods: {
    receivers({ goes_to: names, state }) {
      if (!names.length) return state === "unknown" ? "not known" : "nobody";
      const whole = names.filter((name) => !name.endsWith(CROPS));
      const crops = names.filter((name) => name.endsWith(CROPS)).map((name) => name.slice(0, -CROPS.length));
      return whole.join(", ") + (crops.length ? `; crops of faces: ${crops.join(", ")}` : "");
    },
    title: (name) => NAMES[name] ?? name.replaceAll("_", " "),
  },
  mounted: connect,
  template: `
    <div class="privacy">
      <h1>Privacy</h1>
      <p class="lead">What the robot senses, sends and keeps right now, as its parts report it.
        What does not answer is shown as unknown.</p>
      <p v-if="!isKnown" class="empty" role="status">The robot does not answer: nothing is known at the moment.</p>
      <ul v-else class="parts">
        <li v-for="p in parts" :key="p.name" class="card" :data-part="p.name" :data-state="p.state">
          <h2><span class="dot" aria-hidden="true"></span>{{ title(p.name) }}
            <span class="state">{{ words[p.state] }}</span></h2>
          <dl>
            <dt>Why</dt><dd>{{ p.detail || "–" }}</dd>
            <dt>Goes to</dt><dd>{{ receivers(p) }}</dd>
            <dt>Kept</dt><dd>{{ p.kept || "not known" }}</dd>
          </dl>
        </li>
      </ul>
      <section class="card">
        <h2>What it means</h2>
        <p>The robot infers what a face, a voice and words <em>show</em>. That is not what a person feels.
          How well it does so for different groups of people is not known.</p>
        <p>Tell people in view that it reads expressions. It must not be used to infer emotions of people at
          work or in education.</p>
      </section>
    </div>`,
};
