// Where the head points: from above for pan, from the side for tilt.
import { live } from "/assets/live_store.js";
import { degrees } from "/assets/format.js";

const toRadians = (angle) => (angle * Math.PI) / 180;

// Pan 0 points up the drawing, positive to the robot's left, which is left from above.
const onTop = (angle, radius) => [-radius * Math.sin(toRadians(angle)), -radius * Math.cos(toRadians(angle))];
// Tilt 0 points to the right of the drawing, positive upwards.
const onSide = (angle, radius) => [radius * Math.cos(toRadians(angle)), -radius * Math.sin(toRadians(angle))];

function arc(place, [from, to], radius, sweep) {
  const [x0, y0] = place(from, radius);
  const [x1, y1] = place(to, radius);
  return `M${x0} ${y0}A${radius} ${radius} 0 0 ${sweep} ${x1} ${y1}`;
}

export default {
  props: { settings: Object },
  computed: {
    head: () => live.head ?? {},
    panRange() {
      return arc(onTop, this.settings.limits.pan, 42, 0);
    },
    tiltRange() {
      return arc(onSide, this.settings.limits.tilt, 42, 0);
    },
  },
  methods: {
    degrees,
    line(place, angle) {
      const [x, y] = place(angle, 42);
      return `M0 0L${x} ${y}`;
    },
    pan(angle) {
      return this.line(onTop, angle);
    },
    tilt(angle) {
      return this.line(onSide, angle);
    },
  },
  template: `
    <div class="pose">
      <figure>
        <svg viewBox="-50 -50 100 64" role="img" :aria-label="'Pan ' + degrees(head.pan)">
          <path class="range" :d="panRange" />
          <path v-if="head.commanded_pan != null" class="wanted" :d="pan(head.commanded_pan)" />
          <path v-if="head.pan != null" class="needle" :d="pan(head.pan)" />
          <circle class="hub" r="7" />
        </svg>
        <figcaption>pan <output>{{ degrees(head.pan) }}</output></figcaption>
      </figure>
      <figure>
        <svg viewBox="-22 -40 74 64" role="img" :aria-label="'Tilt ' + degrees(head.tilt)">
          <path class="range" :d="tiltRange" />
          <path v-if="head.commanded_tilt != null" class="wanted" :d="tilt(head.commanded_tilt)" />
          <path v-if="head.tilt != null" class="needle" :d="tilt(head.tilt)" />
          <circle class="hub" r="7" />
        </svg>
        <figcaption>tilt <output>{{ degrees(head.tilt) }}</output></figcaption>
      </figure>
    </div>`,
};
