// One widget for a control; what it looks like follows from the control's row alone. Any number may show the same one.
import { button, make } from "./dom.js";
import { shapePad } from "./pads.js";
import { colourField } from "./colour.js";
import { fileOf, nameOf, set, setDefault, value, watch } from "./values.js";
import { slider } from "./slider.js";
import { textField } from "./text.js";

const FEW_CHOICES = 8;
const FLASH_MS = 400;
const LONG_LIST = 12;
let made = 0;

// The whole control: its name, what it means, and what it is set with. `extra` stands at the end of its name.
export function control(row, extra = []) {
  const { label, parts } = fitting(row);
  const id = `control-${++made}`;
  label.id ||= id;
  const name = make("label", { className: "name", htmlFor: label.id, textContent: nameOf(row.address) });
  if (row.type !== "trigger" && !row.event) name.ondblclick = () => setDefault(row.address);
  const head = make("div", { className: "label" }, [
    name,
    ...(row.unit ? [make("span", { className: "unit", textContent: row.unit })] : []),
    make("span", { className: "address", textContent: row.address }),
    ...extra,
  ]);
  const element = make("div", { className: `control ${row.type}`, title: row.doc }, [
    head,
    make("div", { className: "row" }, parts),
  ]);
  element.dataset.address = row.address;
  return element;
}

// The parts of a control, of which `label` is the one that its name belongs to.
function fitting(row) {
  if (row.event && row.type === "int") return row.high - row.low > LONG_LIST ? typed(row) : slots(row);
  if (row.type === "bool") return tick(row);
  if (row.type === "trigger") return push(row);
  if (row.type === "choice") return row.choices.length > FEW_CHOICES ? menu(row) : chips(row, row.choices);
  if (row.type === "float" || row.type === "int") return slider(row);
  if (row.type === "floats" && /\/(rect|ellipse)$/.test(row.address)) return withPad(row);
  if (row.type === "floats" && row.high === 1 && row.counts.length === 1 && row.counts[0] === 3) {
    return withColour(row);
  }
  return typed(row);
}

function typed(row) {
  const field = textField(row);
  return { label: field.label, parts: field.parts };
}

function withPad(row) {
  const field = textField(row);
  return { label: field.label, parts: [shapePad(row), ...field.parts] };
}

function withColour(row) {
  const field = textField(row);
  return { label: field.label, parts: [...colourField(row), ...field.parts] };
}

function tick(row) {
  const box = make("input", { type: "checkbox" });
  box.onchange = () => set(row.address, box.checked);
  watch(row.address, (on) => (box.checked = on));
  return { label: box, parts: [box] };
}

function push(row) {
  const pushed = button(nameOf(row.address), () => press(row.address, pushed));
  return { label: pushed, parts: [pushed] };
}

export function press(address, element) {
  set(address, true);
  element.classList.add("fired");
  setTimeout(() => element.classList.remove("fired"), FLASH_MS);
}

// A button that stays down.
export function toggle(row, text = nameOf(row.address)) {
  const element = button(text, () => set(row.address, !value(row.address)), { title: row.doc });
  element.dataset.address = row.address;
  watch(row.address, (on) => element.setAttribute("aria-pressed", String(Boolean(on))));
  return element;
}

// Radio buttons, through which the arrow keys go; what is held and is none of them is shown as one more.
export function chips(row, choices) {
  const name = `chips-${++made}`;
  const group = make("div", { className: "chips", role: "radiogroup", "aria-label": nameOf(row.address) });
  const chip = (choice) => {
    const radio = make("input", { type: "radio", name, value: choice });
    radio.onchange = () => set(row.address, choice);
    return make("label", { className: "chip" }, [radio, make("span", { textContent: choice })]);
  };
  const other = chip("");
  other.hidden = true;
  group.append(...choices.map(chip), other);
  watch(row.address, (held) => {
    const named = choices.includes(held);
    other.hidden = named;
    other.lastElementChild.textContent = fileOf(held);
    const place = named ? choices.indexOf(held) : choices.length;
    group.children[place].firstElementChild.checked = true;
  });
  return { label: group, parts: [group] };
}

// An event that carries a number: a button for each, which stays as it is.
function slots(row) {
  const numbers = Array.from({ length: row.high }, (_, place) => place + 1);
  const group = make("div", { className: "chips" }, numbers.map((slot) => button(slot, () => set(row.address, slot))));
  return { label: group, parts: [group] };
}

function menu(row) {
  const select = make("select", {}, row.choices.map((choice) => make("option", { value: choice, textContent: choice })));
  select.onchange = () => set(row.address, select.value);
  watch(row.address, (held) => (select.value = held));
  return { label: select, parts: [select] };
}
