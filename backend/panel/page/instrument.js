// What is always there: the prompt and its bank, the panic row, and the faders beside them.
import { button, byId, make } from "./dom.js";
import { slider } from "./slider.js";
import { textField } from "./text.js";
import { nameOf, rows, set, setDefault, watch } from "./values.js";
import { chips, press, toggle } from "./widgets.js";

const PROMPT = "/vace/prompt";
const GO = "/vace/prompt/go";
const PANIC = ["/vace/blackout", "/vace/freeze", "/vace/bypass", "/vace/reset"];
const FADERS = ["/vace/scale", "/vace/noise"];
const CHIPS = ["/vace/control", "/vace/mask/source"];
const PRESETS = ["/vace/preset/save", "/vace/preset/go"];

export const ON_INSTRUMENT = new Set([PROMPT, GO, ...PANIC, ...FADERS, "/vace/control", ...PRESETS]);

export function buildInstrument() {
  byId("panic").replaceChildren(...there(PANIC).map((row) => (row.type === "trigger" ? pushed(row) : toggle(row))));
  byId("prompt").replaceChildren(...there([PROMPT]).map(prompt));
  byId("bank").replaceChildren(...there([GO]).flatMap(bank));
  byId("faders").replaceChildren(...there(FADERS).map(fader), ...there(CHIPS).map(choice));
}

export function goToSlot(slot) {
  if (rows.has(bankAddress(slot))) set(GO, slot);
}

const there = (addresses) => addresses.filter((address) => rows.has(address)).map((address) => rows.get(address));
const bankAddress = (slot) => `${PROMPT}/bank/${slot}`;

function pushed(row) {
  const element = button(nameOf(row.address), () => press(row.address, element), { title: row.doc });
  element.dataset.address = row.address;
  return element;
}

function prompt(row) {
  const { parts } = textField(row, { rows: 2, "aria-label": "prompt", enterKeyHint: "send" });
  const element = make("div", { className: "row" }, parts);
  element.dataset.address = row.address;
  return element;
}

// A button with the text of each slot; the one whose text is the prompt is lit.
function bank(row) {
  const slots = Array.from({ length: row.high }, (_, place) => place + 1).filter((slot) => rows.has(bankAddress(slot)));
  const buttons = slots.map((slot) => {
    const text = make("span");
    const element = button("", () => set(GO, slot));
    element.append(make("kbd", { textContent: slot }), text);
    watch(bankAddress(slot), (words) => {
      text.textContent = words || "empty";
      element.classList.toggle("empty", !words);
      light();
    });
    return element;
  });
  let current = "";
  const light = () =>
    buttons.forEach((each) => each.setAttribute("aria-pressed", String(each.lastElementChild.textContent === current)));
  watch(PROMPT, (words) => {
    current = words;
    light();
  });
  return buttons;
}

function fader(row) {
  const { label, parts } = slider(row);
  label.setAttribute("aria-label", nameOf(row.address));
  const name = make("span", { className: "name", textContent: nameOf(row.address) });
  name.ondblclick = () => setDefault(row.address);
  const element = make("div", { className: "fader", title: `${row.doc} Double-click: ${row.default}.` }, [name, ...parts]);
  element.dataset.address = row.address;
  return element;
}

function choice(row) {
  const { label } = chips(row, row.choices.length ? row.choices : row.offers);
  const name = make("span", { className: "name", textContent: nameOf(row.address).replace(" source", "") });
  const element = make("div", { className: "choice", title: row.doc }, [name, label]);
  element.dataset.address = row.address;
  return element;
}
