// What the program says about itself: a state, a few large figures, the rest as a list.
const HEADLINE = new Map([
  ["output_fps", ["output", "fps"]],
  ["engine_fps", ["engine", "fps"]],
  ["latency_ms", ["latency", "ms"]],
]);

const MOODS = new Map([["running", "good"], ["starting", ""], ["stopped", ""]]);

export function showState(state) {
  const pill = document.getElementById("state");
  pill.textContent = state;
  pill.className = `pill ${MOODS.get(state) ?? "bad"}`;
}

export function showStatus(status) {
  const { state, ...rest } = status;
  if (state !== undefined) showState(state);
  for (const [key, value] of Object.entries(rest)) {
    const [label, unit] = HEADLINE.get(key) ?? [key.replaceAll("_", " "), ""];
    const list = document.getElementById(HEADLINE.has(key) ? "headline" : "details");
    cell(list, key, label).textContent = unit ? `${written(value)} ${unit}` : written(value);
  }
}

function cell(list, key, label) {
  const id = `status-${key}`;
  const found = document.getElementById(id);
  if (found) return found;
  const [row, name, value] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  name.textContent = label;
  value.id = id;
  row.append(name, value);
  list.append(row);
  return value;
}

function written(value) {
  if (value === null) return "–";
  if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(1);
  return String(value);
}
