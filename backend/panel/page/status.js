// What the program says about itself: a state, a few large figures, where the time goes, the rest as a list.
import { byId, make } from "./dom.js";

const HEADLINE = new Map([
  ["output_fps", ["output", "fps"]],
  ["engine_fps", ["engine", "fps"]],
  ["latency_ms", ["latency", "ms"]],
]);
const STAGES = [
  ["gather_ms", "frames come in"],
  ["generate_ms", "the chunk is made"],
  ["wait_ms", "waits for its turn"],
  ["tick_ms", "waits for the tick"],
];
const TOLD_CUT = 20; // per cent: beyond that, an output that is begun anew has the input's shape
const MOODS = new Map([["running", "good"], ["starting", ""], ["stopped", ""], ["connecting", ""]]);

export function showState(state) {
  const pill = byId("state");
  pill.textContent = state;
  pill.className = `pill ${MOODS.get(state) ?? "bad"}`;
}

// Not while the program itself says that all is well, as an engine may merely be slow.
export function showTrouble(trouble, state = "") {
  if (MOODS.get(state) === "good") trouble = null;
  const line = byId("trouble");
  if (line.textContent !== (trouble ?? "")) line.textContent = trouble ?? "";
  line.hidden = !trouble;
}

export function showStatus(status) {
  const { state, ...rest } = status;
  if (state !== undefined) showState(state);
  for (const [key, value] of Object.entries(rest)) {
    const [label, unit] = HEADLINE.get(key) ?? [key.replaceAll("_", " "), ""];
    const list = HEADLINE.has(key) ? byId("headline") : byId("figures").querySelector("dl");
    cell(list, key, label).textContent = unit ? `${written(value)} ${unit}` : written(value);
  }
  if (rest.latency_ms) showLatency(rest);
  showShape(rest);
}

// On the input's picture: how large it comes, and what of it the output has no room for.
function showShape({ source_size: size, source_cut: cut }) {
  const caption = document.querySelector("#preview-input figcaption");
  if (!caption || size === undefined) return;
  caption.textContent = `input ${size}${cut >= TOLD_CUT ? `, ${Math.round(cut)} % cut off` : ""}`.trim();
  caption.classList.toggle("cut", cut >= TOLD_CUT);
}

function showLatency(status) {
  const bar = byId("latency");
  const total = STAGES.reduce((sum, [key]) => sum + status[key], 0) || 1;
  if (!bar.children.length) {
    bar.append(...STAGES.map(([, what]) => make("span", { title: what }, [make("i"), make("small", { textContent: what })])));
  }
  STAGES.forEach(([key], place) => {
    bar.children[place].style.flexGrow = Math.max(0.25, status[key] / total);
    bar.children[place].firstElementChild.textContent = duration(status[key]);
  });
  bar.setAttribute("aria-label", `latency: ${STAGES.map(([key, what]) => `${what} ${status[key]} ms`).join(", ")}`);
}

const duration = (ms) => (ms < 10000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

function cell(list, key, label) {
  const id = `status-${key}`;
  const found = byId(id);
  if (found) return found;
  const value = make("dd", { id });
  list.append(make("div", {}, [make("dt", { textContent: label }), value]));
  return value;
}

function written(value) {
  if (value === null) return "–";
  if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(1);
  return String(value);
}
