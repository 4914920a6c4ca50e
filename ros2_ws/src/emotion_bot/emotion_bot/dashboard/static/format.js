// Numbers and times as people read them.
export const percent = (share) => (share == null ? "–" : `${Math.round(100 * share)} %`);

export const signed = (value, digits = 2) =>
  value == null ? "–" : (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);

export const degrees = (value) => (value == null ? "–" : `${signed(value, 0)}°`);

export const milliseconds = (value) =>
  value == null ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

export const clock = (seconds) => {
  const whole = Math.floor(seconds);
  const rest = (seconds - whole).toFixed(2).slice(1);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}${rest}`;
};

export const duration = (seconds) => {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
};

// Ids are unique for a run and long; people need to tell a few of them apart.
export const shortId = (id) => (id.length > 12 ? `${id.slice(0, 11)}…` : id);
