// Presets as buttons, and cues: gone to by one touch, saved by two.
import { button, byId, make } from "./dom.js";
import { rows, set } from "./values.js";

const SAVE = "/vace/preset/save";
const GO = "/vace/preset/go";
const CUE = "/vace/cue";
let names = { presets: [], cues: [] };
let naming = false;

export function showLists(lists) {
  names = { ...names, ...lists };
  if (!naming) buildPresets();
}

export function goToPreset(place) {
  if (names.presets[place - 1]) set(GO, names.presets[place - 1]);
}

export function buildPresets() {
  naming = false;
  if (!rows.has(SAVE)) return;
  byId("presets").replaceChildren(
    button("Save", ask, { className: "save", "aria-label": "save a preset" }),
    ...(names.presets.length ? [] : [make("small", { textContent: "no presets yet" })]),
    ...names.presets.map((name) => button(name, () => set(GO, name), { className: "preset" })),
    ...(names.cues.length ? cues() : []),
  );
}

function cues() {
  const [back, next] = [["◀", "back"], ["▶", "next"]].map(([sign, way]) =>
    button(sign, () => set(`${CUE}/${way}`, true), { "aria-label": `cue ${way}` }),
  );
  return [make("small", { textContent: "cues" }), back, ...names.cues.map(cue), next];
}

function cue(name) {
  return button(name, () => set(`${CUE}/go`, name), { className: "cue" });
}

// The next free number is offered, so that nobody has to type in the dark.
function ask() {
  naming = true;
  let free = 1;
  while (names.presets.includes(String(free))) free += 1;
  const field = make("input", { type: "text", value: String(free), maxLength: 64, "aria-label": "name of the preset" });
  const save = () => {
    if (field.value.trim()) set(SAVE, field.value.trim());
    buildPresets();
    byId("presets").querySelector("button").focus();
  };
  field.onkeydown = (event) => {
    if (event.key === "Enter") {
      event.preventDefault(); // or it presses the button that has the keyboard next
      save();
    }
    if (event.key === "Escape") buildPresets();
  };
  byId("presets").replaceChildren(button("OK", save, { className: "save" }), field, button("Cancel", buildPresets));
  field.select();
}
