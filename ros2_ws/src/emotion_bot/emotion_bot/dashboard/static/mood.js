// The last week of one person, as the mood memory keeps it.
import { known, live } from "/assets/live_store.js";
import { duration, percent, signed } from "/assets/format.js";

const DAY_MS = 86400000;
const isoDate = (date) =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;

export default {
  props: { settings: Object },
  emits: ["name", "forget"],
  computed: {
    isKnown: () => known.value,
    runs: () => known.value && live.slow.has_mood,
    mood: () => live.slow?.mood ?? null,
    person() {
      return this.mood?.person ?? null;
    },
    week() {
      const byDate = Object.fromEntries((this.mood?.days ?? []).map((day) => [day.date, day]));
      return Array.from({ length: 7 }, (_, index) => {
        const date = new Date(Date.now() - (6 - index) * DAY_MS);
        const day = byDate[isoDate(date)] ?? null;
        return {
          key: isoDate(date),
          weekday: date.toLocaleDateString("en", { weekday: "short" }),
          day,
          isToday: index === 6,
        };
      });
    },
    today() {
      return this.week[6].day;
    },
    usual() {
      const difference = this.mood?.comparison?.valence;
      if (difference == null) return "";
      if (Math.abs(difference) < 0.03) return "This week is as pleasant as usual.";
      const word = difference > 0 ? "higher" : "lower";
      return `This week's valence is ${Math.abs(difference).toFixed(2)} ${word} than usual.`;
    },
  },
  methods: {
    duration, percent, signed,
    bar(day) {
      const height = Math.max(3, 40 * Math.abs(day.valence ?? 0));
      return {
        height: `${height}px`,
        [day.valence < 0 ? "top" : "bottom"]: "50%",
        background: this.settings.colours[day.label] ?? "gray",
      };
    },
  },
  template: `
    <div class="mood">
      <p v-if="!isKnown" class="empty">Not known at the moment.</p>
      <p v-else-if="!runs" class="empty">No mood memory runs: nothing of what is seen here is kept.</p>
      <p v-else-if="!person" class="empty">Nothing is kept yet. Averages appear after some minutes.</p>
      <template v-else>
        <p class="who"><b data-part="person">{{ person.name || "Anonymous" }}</b>
          <small>{{ person.name ? "kept under this name with consent" : person.id }}</small></p>
        <div v-if="today" class="today">
          <span>Today, {{ duration(today.observed_s) }} seen</span>
          <span class="mix" role="img" :aria-label="'Today mostly ' + today.label">
            <i v-for="(p, i) in today.p" :key="i" :style="{ flexGrow: p ?? 0,
               background: settings.colours[settings.labels[i]] }" :title="settings.labels[i] + ' ' + percent(p)"></i>
          </span>
          <span>valence {{ signed(today.valence) }}, arousal {{ signed(today.arousal) }}</span>
        </div>
        <ol class="week" aria-label="Valence of the last seven days">
          <li v-for="d in week" :key="d.key" :class="{ now: d.isToday }">
            <span class="column" :title="d.day ? d.key + ': ' + d.day.label + ', valence ' + signed(d.day.valence)
                  : d.key + ': not seen'">
              <i v-if="d.day" :style="bar(d.day)"></i></span>
            <span aria-hidden="true">{{ d.weekday }}</span>
            <span class="visually-hidden">{{ d.key }}: {{ d.day ? d.day.label + ', valence '
              + signed(d.day.valence) : 'not seen' }}</span>
          </li>
        </ol>
        <p v-if="usual" class="note">{{ usual }}</p>
        <p class="choices">
          <button v-if="!person.name" type="button" class="quiet" @click="$emit('name', { person: person.id })">
            Keep under a name…</button>
          <button type="button" class="quiet" @click="$emit('forget', { person: person.id })">Forget…</button>
        </p>
      </template>
    </div>`,
};
