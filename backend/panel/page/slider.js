// A number: a slider where it has ends, and a field in which it can be typed.
import { make } from "./dom.js";
import { nameOf, set, setDefault, watch } from "./values.js";

const SEND_MS = 40; // a dragged slider sends at most 25 times a second
const ECHO_MS = 400; // and is not moved by its own echo while it is dragged
const LARGEST_SLID = 1000; // a whole number beyond this has to be typed

export function slider(row) {
  const whole = row.type === "int";
  const bounded = row.low !== null && row.high !== null && !(whole && row.high > LARGEST_SLID);
  const limits = { min: row.low ?? "", max: row.high ?? "" };
  const field = make("input", { type: "number", step: whole ? "1" : "any", ...limits });
  const bar = make("input", { type: "range", ...limits, step: whole ? "1" : String((row.high - row.low) / 200) });
  const later = throttled((value) => set(row.address, value), () => show(current));
  let current = row.default;
  const fill = () => bar.style.setProperty("--fill", `${(100 * (bar.value - bar.min)) / (bar.max - bar.min)}%`);
  const show = (value) => {
    current = value;
    if (later.busy()) return; // shown when the hand is off it
    bar.value = value;
    fill();
    if (document.activeElement !== field || !field.dataset.typed) field.value = rounded(value);
  };
  bar.oninput = () => {
    field.value = rounded(bar.value);
    fill();
    later(Number(bar.value));
  };
  bar.ondblclick = () => setDefault(row.address);
  field.oninput = () => (field.dataset.typed = "yes");
  field.onchange = () => {
    delete field.dataset.typed;
    if (field.value !== "") set(row.address, Number(field.value));
  };
  field.onblur = () => {
    delete field.dataset.typed;
    show(current);
  };
  watch(row.address, show);
  if (!bounded) return { label: field, parts: [field] };
  field.setAttribute("aria-label", `${nameOf(row.address)}, as a number`);
  return { label: bar, parts: [bar, field] };
}

export function rounded(value) {
  return String(Math.round(Number(value) * 1000) / 1000);
}

// Sends the latest of many values now and then; `settled` is called once when no more have come for a while.
export function throttled(send, settled = () => {}) {
  let touched = -Infinity;
  let timer = 0;
  let quiet = 0;
  let latest = null;
  const later = (value) => {
    touched = performance.now();
    latest = value;
    clearTimeout(quiet);
    quiet = setTimeout(settled, ECHO_MS);
    timer ||= setTimeout(() => {
      timer = 0;
      send(latest);
    }, SEND_MS);
  };
  later.busy = () => performance.now() - touched < ECHO_MS - 1;
  return later;
}
