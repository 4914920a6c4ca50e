// The stream of the robot's state, shared by everything on the page.
import { computed, reactive } from "vue";

const TRAIL_MS = 30000;
const TRAIL_INTERVAL_MS = 200;
const SILENCE_MS = 4000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;

export const live = reactive({
  connected: false,
  silent: false,
  people: {},
  faces: null,
  gaze: null,
  head: null,
  posture: null,
  slow: null,
  trails: {},
});

// What was known before the connection was lost is not known any more.
export const known = computed(() => live.connected && !live.silent && live.slow !== null);

const pictureListeners = new Set();
let socket = null;
let wanted = false;
let pause = FIRST_PAUSE_MS;
let lastMessage = 0;

export function onPicture(listener) {
  pictureListeners.add(listener);
  tellWatching();
  return () => {
    pictureListeners.delete(listener);
    tellWatching();
  };
}

export function device(name) {
  return known.value ? live.slow.devices[name] : { state: "unknown", detail: "", switchable: false };
}

export function connect() {
  if (wanted) return;
  wanted = true;
  document.addEventListener("visibilitychange", tellWatching);
  setInterval(() => (live.silent = live.connected && performance.now() - lastMessage > SILENCE_MS), 500);
  open();
}

function open() {
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  socket = new WebSocket(scheme + location.host + "/live");
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    pause = FIRST_PAUSE_MS;
    lastMessage = performance.now();
    live.connected = true;
    tellWatching();
  };
  socket.onmessage = (event) => receive(event.data);
  socket.onclose = () => {
    live.connected = false;
    live.slow = null;
    live.faces = null;
    live.people = {};
    setTimeout(open, pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  };
}

function tellWatching() {
  if (socket === null || socket.readyState !== WebSocket.OPEN) return;
  socket.send(pictureListeners.size > 0 && !document.hidden ? "watch" : "rest");
}

function receive(data) {
  lastMessage = performance.now();
  live.silent = false;
  const length = new DataView(data).getUint32(0);
  const message = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  if (message.trails) readTrails(message.trails);
  if (message.slow) live.slow = message.slow;
  if (message.people) {
    live.people = message.people;
    live.faces = message.faces;
    live.gaze = message.gaze;
    live.head = message.head;
    live.posture = message.posture;
    extendTrails(message.people);
  }
  if (message.picture) {
    const jpeg = new Uint8Array(data, 4 + length);
    for (const listener of pictureListeners) listener(message.picture, jpeg);
  }
}

function readTrails(trails) {
  const now = performance.now();
  live.trails = Object.fromEntries(
    Object.entries(trails).map(([id, points]) => [
      id,
      points.map(([age, valence, arousal]) => ({ time: now - 1000 * age, valence, arousal })),
    ]),
  );
}

function extendTrails(people) {
  const now = performance.now();
  for (const [id, person] of Object.entries(people)) {
    const trail = live.trails[id] ?? [];
    const last = trail[trail.length - 1];
    if (last && now - last.time < TRAIL_INTERVAL_MS) continue;
    const kept = trail.filter((point) => now - point.time < TRAIL_MS);
    live.trails[id] = [...kept, { time: now, valence: person.v, arousal: person.a }];
  }
  for (const [id, trail] of Object.entries(live.trails)) {
    if (trail.length === 0 || now - trail[trail.length - 1].time > TRAIL_MS) delete live.trails[id];
  }
}
