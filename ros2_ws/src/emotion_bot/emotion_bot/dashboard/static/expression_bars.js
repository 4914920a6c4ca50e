// The probability of each expression.
import { percent } from "/assets/format.js";

export default {
  props: { settings: Object, person: Object },
  methods: { percent },
  template: `
    <ul class="bars" aria-label="Probability of each expression">
      <li v-for="(label, i) in settings.labels" :key="label" :class="{ present: person?.label === label }">
        <span class="name">{{ label }}</span>
        <span class="track" aria-hidden="true">
          <span class="fill" :style="{ transform: 'scaleX(' + (person?.p[i] ?? 0) + ')',
                background: settings.colours[label] }"></span>
        </span>
        <span class="value">{{ percent(person?.p[i]) }}</span>
      </li>
    </ul>`,
};
