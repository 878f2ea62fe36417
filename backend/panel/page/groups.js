// Every control that is not on the instrument, in groups that fold; favourites stand first, and a search finds any.
import { byId, button, make, remember, remembered } from "./dom.js";
import { canvasPad } from "./pads.js";
import { rows } from "./values.js";
import { control } from "./widgets.js";

// By the second part of an address; what is not named here is in the last group.
const GROUPS = new Map([
  ["Prompt", ["prompt"]],
  ["Control", ["control", "scale", "hints"]],
  ["Mask", ["mask"]],
  ["Canvas", ["canvas"]],
  ["References and anchors", ["reference", "first", "last", "anchor"]],
  ["Noise and LoRAs", ["noise", "seed", "lora"]],
  ["Input and output", ["source", "output", "record", "tick"]],
  ["Presets and cues", ["preset", "cue"]],
  ["Tempo", ["tempo"]],
  ["MIDI", ["midi"]],
  ["More", []],
]);
const FAVOURITES = "Favourites";
let favourites = [];
let left = new Set();

// instrument: the addresses that are on the instrument, and need not be here.
export function buildGroups(instrument) {
  left = instrument;
  favourites = remembered("favourites", []).filter((address) => rows.has(address));
  const open = new Set(remembered("open groups", []));
  const groups = new Map([...GROUPS.keys()].map((name) => [name, []]));
  for (const row of rows.values()) {
    if (!left.has(row.address)) groups.get(groupOf(row)).push(control(row, [star(row)]));
  }
  const pad = canvasPad();
  if (pad) groups.get("Canvas").unshift(pad);
  const all = [...groups].filter(([, controls]) => controls.length).map(([name, controls]) => fold(name, controls, open));
  byId("groups").replaceChildren(fold(FAVOURITES, [], open.add(FAVOURITES)), ...all);
  showFavourites();
  search(byId("search").value);
}

// Bring a control into sight, and the keyboard to it.
export function reveal(address) {
  byId("search").value = "";
  search("");
  const found = [...document.querySelectorAll("[data-address]")].filter((element) => element.dataset.address === address);
  const element = found.find((each) => each.closest("#instrument, #play")) ?? found.at(-1);
  if (!element) return;
  for (let group = element.closest("details"); group; group = group.parentElement.closest("details")) group.open = true;
  element.scrollIntoView({ block: "center" });
  element.classList.add("revealed");
  setTimeout(() => element.classList.remove("revealed"), 1500);
  (element.matches("button") ? element : element.querySelector("input, textarea, select, button"))?.focus({ preventScroll: true });
}

function groupOf(row) {
  const part = row.address.split("/")[2];
  for (const [name, parts] of GROUPS) if (parts.includes(part)) return name;
  return "More";
}

function fold(name, controls, open) {
  const group = make("details", { open: open.has(name) }, [make("summary", { textContent: name }), ...controls]);
  group.dataset.group = name;
  group.ontoggle = () => {
    if (byId("search").value) return; // the search opens and closes them
    const names = [...byId("groups").querySelectorAll("details[open]")].map((each) => each.dataset.group);
    remember("open groups", names);
  };
  return group;
}

function star(row) {
  const mark = button("★", () => favour(row.address), { className: "star" });
  mark.dataset.star = row.address;
  mark.setAttribute("aria-label", `favourite: ${row.address}`);
  return mark;
}

function favour(address) {
  favourites = favourites.includes(address) ? favourites.filter((each) => each !== address) : [...favourites, address];
  remember("favourites", favourites);
  showFavourites();
}

function showFavourites() {
  const group = byId("groups").querySelector(`[data-group="${FAVOURITES}"]`);
  while (group.children.length > 1) group.lastElementChild.remove();
  group.append(...favourites.map((address) => control(rows.get(address), [star(rows.get(address))])));
  group.hidden = favourites.length === 0;
  for (const mark of document.querySelectorAll(".star")) {
    mark.setAttribute("aria-pressed", String(favourites.includes(mark.dataset.star)));
  }
}

// Every word has to be in the name or in what the control does.
function search(text) {
  const words = text.toLowerCase().split(/[\s/]+/).filter(Boolean);
  const open = new Set(remembered("open groups", []));
  for (const group of byId("groups").children) {
    let shown = 0;
    for (const element of group.querySelectorAll("[data-address]")) {
      const row = rows.get(element.dataset.address);
      const meant = `${row.address} ${row.doc} ${row.choices.join(" ")}`.toLowerCase();
      element.hidden = !words.every((word) => meant.includes(word));
      shown += !element.hidden;
    }
    const isFavourites = group.dataset.group === FAVOURITES;
    group.hidden = words.length ? !shown || isFavourites : isFavourites && favourites.length === 0;
    group.open = words.length ? shown > 0 : open.has(group.dataset.group) || isFavourites;
  }
}

byId("search").oninput = () => search(byId("search").value);
