// Russell's circumplex: valence to the right, arousal upwards, and where the expression has been.
import { signed } from "/assets/format.js";

const RADIUS = 100;
const BUCKETS = 6;

export default {
  props: {
    settings: Object,
    person: Object, // {label, v, a, affect} or null
    trail: { type: Array, default: () => [] }, // {time, valence, arousal}, oldest first
  },
  computed: {
    concepts() {
      return this.settings.concepts.map((name, index) => {
        const angle = (index * Math.PI) / 4;
        const x = 108 * Math.cos(angle);
        const anchor = Math.abs(x) < 20 ? "middle" : x > 0 ? "start" : "end";
        return { name, x, y: -111 * Math.sin(angle) + 4.5, anchor, isPresent: name === this.person?.affect };
      });
    },
    anchors() {
      return this.settings.labels.map((label) => {
        const [valence, arousal] = this.settings.coordinates[label];
        return { label, x: RADIUS * valence, y: -RADIUS * arousal, colour: this.settings.colours[label] };
      });
    },
    paths() {
      const points = this.trail.map((p) => `${(RADIUS * p.valence).toFixed(1)} ${(-RADIUS * p.arousal).toFixed(1)}`);
      if (points.length < 2) return [];
      const size = Math.max(1, Math.ceil((points.length - 1) / BUCKETS));
      const paths = [];
      for (let start = 0; start < points.length - 1; start += size) {
        paths.push({
          d: "M" + points.slice(start, start + size + 1).join("L"),
          opacity: 0.12 + (0.75 * (start + size)) / points.length,
        });
      }
      return paths;
    },
    description() {
      if (!this.person) return "Circumplex of affect: nobody is read at the moment";
      return (
        `Circumplex of affect: ${this.person.affect}, ` +
        `valence ${signed(this.person.v)}, arousal ${signed(this.person.a)}`
      );
    },
  },
  methods: { signed },
  template: `
    <figure class="circumplex">
      <svg viewBox="-166 -124 332 248" role="img" :aria-label="description">
        <circle class="ring" r="100" /><circle class="ring inner" r="50" />
        <path class="axis" d="M-100 0H100M0 -100V100" />
        <text v-for="c in concepts" :key="c.name" :x="c.x" :y="c.y" :text-anchor="c.anchor"
              :class="['concept', { present: c.isPresent }]">{{ c.name }}</text>
        <g class="anchors">
          <circle v-for="a in anchors" :key="a.label" :cx="a.x" :cy="a.y" r="3.4" :fill="a.colour">
            <title>{{ a.label }}</title>
          </circle>
        </g>
        <path v-for="(p, i) in paths" :key="i" class="trail" :d="p.d" :opacity="p.opacity" />
        <circle v-if="person" class="now" r="8" :cx="100 * person.v" :cy="-100 * person.a"
                :fill="settings.colours[person.label] ?? 'gray'" />
      </svg>
      <figcaption>
        <template v-if="person">
          valence <output data-part="valence">{{ signed(person.v) }}</output>
          · arousal <output data-part="arousal">{{ signed(person.a) }}</output>
          · <strong data-part="affect">{{ person.affect }}</strong>
        </template>
        <template v-else>nobody is read at the moment</template>
      </figcaption>
    </figure>`,
};
