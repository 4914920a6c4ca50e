// On every page: is the robot there, and what is on.
import { connect, device, known, live } from "/assets/live_store.js";

const CHIPS = [
  ["camera", { on: "Camera on", off: "Camera off", absent: "No camera", unknown: "Camera unknown" }],
  ["microphone", { on: "Microphone on", off: "Microphone off", absent: "No microphone", unknown: "Microphone unknown" }],
  ["recording", { on: "Recording", off: "Not recording", unknown: "Recording unknown" }],
];

function stateOf(name) {
  if (name !== "recording") return device(name).state;
  const part = known.value ? live.slow.privacy.find((found) => found.name === name) : null;
  return part?.state ?? "unknown";
}

export default {
  computed: {
    link() {
      if (known.value) return ["on", "Connected"];
      return ["unknown", live.connected ? "Waiting" : "Not connected"];
    },
    chips() {
      return CHIPS.map(([name, texts]) => [name, stateOf(name), texts[stateOf(name)]]);
    },
  },
  mounted: connect,
  template: `
    <ul class="chips" aria-label="State of the robot">
      <li data-chip="link" :data-state="link[0]">{{ link[1] }}</li>
      <li v-for="[name, state, text] in chips" :key="name" :data-chip="name" :data-state="state">{{ text }}</li>
    </ul>`,
};
