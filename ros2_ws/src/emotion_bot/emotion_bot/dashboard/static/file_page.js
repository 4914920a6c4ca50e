// Choose or drop a video, watch it being read, then step through it.
import Player from "/assets/player.js";
import { clock, percent } from "/assets/format.js";

const POLL_MS = 400;
const KEEP_ALIVE_MS = 60000;

export default {
  components: { Player },
  props: { settings: Object },
  data: () => ({ step: "choose", error: "", over: false, name: "", sent: 0, file: null, timeline: null }),
  computed: {
    share() {
      if (this.step === "sending") return this.sent;
      return this.file?.progress ?? null;
    },
    doing() {
      if (this.step === "sending") return `Sending ${this.name}`;
      if (this.file?.state === "waiting") return `${this.name} waits for another file`;
      return `Reading ${this.name}`;
    },
    detail() {
      const file = this.file;
      if (this.step === "sending" || !file?.frames) return "";
      return `${clock(file.seconds)} read, ${file.frames} frames, ${file.speed} times real time`;
    },
  },
  mounted() {
    const id = location.hash.slice(1);
    if (id) this.resume(id);
    this.keepAlive = setInterval(() => this.step === "show" && this.status(), KEEP_ALIVE_MS);
    for (const type of ["dragover", "drop"]) window.addEventListener(type, this.ignore);
  },
  unmounted() {
    clearInterval(this.keepAlive);
    clearTimeout(this.timer);
    this.request?.abort();
    for (const type of ["dragover", "drop"]) window.removeEventListener(type, this.ignore);
  },
  methods: {
    percent,
    // A file dropped beside the field would otherwise replace the page.
    ignore: (event) => event.preventDefault(),
    choose(event) {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) this.send(file);
    },
    drop(event) {
      this.over = false;
      const [file] = event.dataTransfer.files;
      if (file) this.send(file);
    },
    send(file) {
      this.error = "";
      this.name = file.name;
      if (file.size > this.settings.largest_file) {
        this.fail(`“${file.name}” is larger than ${this.settings.largest_file_mb} MB. ` +
          "For larger videos use: emotion-bot analyze");
        return;
      }
      this.step = "sending";
      this.sent = 0;
      const request = (this.request = new XMLHttpRequest());
      request.open("POST", "/files");
      request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.responseType = "json";
      request.upload.onprogress = (event) => (this.sent = event.loaded / event.total);
      request.onload = () => {
        if (request.status === 201) this.resume(request.response.id);
        else this.fail(request.response?.detail ?? `The robot refused the file (${request.status}).`);
      };
      request.onerror = () => this.fail("The connection broke while the file was being sent.");
      request.onabort = () => (this.step = "choose");
      request.send(file);
    },
    resume(id) {
      history.replaceState(null, "", `#${id}`);
      this.id = id;
      this.step = "reading";
      this.poll();
    },
    async status() {
      const response = await fetch(`/files/${this.id}`);
      if (!response.ok) throw new Error((await response.json()).detail);
      return response.json();
    },
    async poll() {
      let file;
      try {
        file = await this.status();
      } catch (error) {
        return this.fail(error.message || "The robot does not answer.");
      }
      if (this.step !== "reading") return;
      this.file = file;
      this.name = file.name;
      if (file.state === "failed") {
        this.forget();
        return this.fail(file.error);
      }
      if (file.state !== "done") {
        this.timer = setTimeout(() => this.poll(), POLL_MS);
        return;
      }
      const response = await fetch(`/files/${this.id}/timeline`);
      this.timeline = Object.freeze(await response.json());
      this.step = "show";
    },
    fail(message) {
      this.error = message;
      this.step = "choose";
      history.replaceState(null, "", location.pathname);
      this.$nextTick(() => this.$refs.error?.focus());
    },
    forget() {
      if (this.id) fetch(`/files/${this.id}`, { method: "DELETE" });
      this.id = null;
    },
    cancel() {
      clearTimeout(this.timer);
      if (this.step === "sending") return this.request.abort();
      this.close();
    },
    close() {
      this.forget();
      this.file = this.timeline = null;
      this.step = "choose";
      history.replaceState(null, "", location.pathname);
    },
  },
  template: `
    <div class="file">
      <h1 :class="{ 'visually-hidden': step === 'show' }">Video file</h1>
      <p v-if="error" ref="error" class="warning" role="alert" tabindex="-1" data-part="error">{{ error }}</p>
      <div v-if="step === 'choose'" class="card drop" :class="{ over }" @dragover.prevent="over = true"
           @dragleave="over = false" @drop.prevent="drop">
        <p><b>Drop a video here</b> or
          <label class="button">choose a file<input type="file" accept="video/*,.mkv,.avi,.ts"
                 @change="choose"></label></p>
        <p class="note">Up to {{ settings.largest_file_mb }} MB and {{ settings.longest_video_min }} minutes.
          It is read on the robot, deleted right after, and goes nowhere else.</p>
      </div>
      <div v-else-if="step !== 'show'" class="card progress" aria-live="polite">
        <p><b>{{ doing }}</b></p>
        <progress :value="share ?? undefined" max="1" aria-label="Progress"></progress>
        <p class="figures"><span data-part="share">{{ share == null ? "" : percent(share) }}</span>
          <span>{{ detail }}</span></p>
        <button type="button" class="quiet" @click="cancel">Cancel</button>
      </div>
      <Player v-else :settings="settings" :file="file" :timeline="timeline" @close="close" />
    </div>`,
};
