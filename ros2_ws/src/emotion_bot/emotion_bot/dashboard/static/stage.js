// The camera's picture with the boxes that belong to this very frame.
import { device, known, live, onPicture } from "/assets/live_store.js";
import { percent } from "/assets/format.js";

const OLD_MS = 2500;

export default {
  props: { settings: Object, selected: String },
  emits: ["select"],
  data: () => ({ faces: [], shape: 3 / 4, hasPicture: false, lastPicture: 0 }),
  computed: {
    camera: () => device("camera"),
    curtain() {
      if (!live.connected) return ["Not connected", "The robot's page does not answer. What is on is not known."];
      if (!known.value) return ["Waiting for the robot", ""];
      if (this.camera.state === "off") return ["Camera is off", "The device is closed."];
      if (this.camera.state === "absent") return ["No camera", "No camera node runs."];
      if (!this.hasPicture) {
        if (this.camera.state === "on") return ["No picture", this.camera.detail];
        return ["Camera state unknown", this.camera.detail];
      }
      return null;
    },
    description() {
      if (this.curtain) return this.curtain.join(". ");
      const count = this.faces.length;
      return `Camera picture with ${count === 1 ? "one face" : `${count} faces`}`;
    },
  },
  watch: {
    curtain(now) {
      if (now) this.clear();
    },
  },
  mounted() {
    this.context = this.$refs.canvas.getContext("2d");
    this.forget = onPicture((meta, jpeg) => this.draw(meta, jpeg));
    this.timer = setInterval(() => {
      if (this.hasPicture && performance.now() - this.lastPicture > OLD_MS) this.hasPicture = false;
    }, 500);
  },
  unmounted() {
    this.forget();
    clearInterval(this.timer);
  },
  methods: {
    async draw(meta, jpeg) {
      const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
      const canvas = this.$refs.canvas;
      if (!canvas || this.camera.state === "off") return bitmap.close();
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        this.shape = bitmap.height / bitmap.width;
      }
      this.context.drawImage(bitmap, 0, 0);
      bitmap.close();
      this.faces = meta.faces ?? [];
      this.hasPicture = true;
      this.lastPicture = performance.now();
    },
    clear() {
      // A picture of somebody must not stay when the camera is off.
      this.context?.clearRect(0, 0, this.$refs.canvas.width, this.$refs.canvas.height);
      this.faces = [];
      this.hasPicture = false;
    },
    place(face) {
      const [left, top, right, bottom] = face.box.map((edge) => 100 * edge);
      const person = live.people[face.id];
      return {
        left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%`,
        "--mark": this.settings.colours[person?.label] ?? "#ffffff",
      };
    },
    caption(face) {
      const person = live.people[face.id];
      return person ? `${person.label} ${percent(person.confidence)}` : "not read yet";
    },
  },
  template: `
    <div class="stage" :style="{ aspectRatio: 1 / shape }">
      <canvas ref="canvas" role="img" :aria-label="description" width="480" height="360"></canvas>
      <template v-if="!curtain">
        <button v-for="face in faces" :key="face.id" type="button" class="face" :data-face="face.id"
                :class="{ selected: face.id === selected, hidden: !face.seen, high: face.box[1] < 0.08 }"
                :style="place(face)"
                :aria-pressed="face.id === selected"
                :aria-label="'Face ' + face.id + ', ' + caption(face)" @click="$emit('select', face.id)">
          <span class="tag"><b>{{ caption(face) }}</b> {{ face.id }}</span>
        </button>
      </template>
      <div v-else class="curtain" role="status" data-part="curtain">
        <strong>{{ curtain[0] }}</strong><span>{{ curtain[1] }}</span>
      </div>
    </div>`,
};
