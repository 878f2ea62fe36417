// Where something lies in the picture, moved and sized with mouse, finger or arrow keys; beyond the edges too.
import { make } from "./dom.js";
import { follow } from "./previews.js";
import { throttled } from "./slider.js";
import { nameOf, rows, set, value, watch } from "./values.js";

const MARGIN = 0.15; // of the picture, that is seen around it
const STEP = 0.01; // of an arrow key
const SMALLEST = 0.05;
const CANVAS = ["x", "y", "w", "h"].map((part) => `/vace/canvas/${part}`);

// For the rectangle and the ellipse of a mask, whose control holds all numbers at once.
export function shapePad(row) {
  const round = row.address.endsWith("/ellipse");
  const toBox = ([a, b, c, d]) => (round ? [a - c, b - d, 2 * c, 2 * d] : [a, b, c, d]);
  const fromBox = ([x, y, w, h]) => (round ? [x + w / 2, y + h / 2, w / 2, h / 2] : [x, y, w, h]);
  const pad = boxPad(nameOf(row.address), (box) => set(row.address, fromBox(box)));
  pad.element.classList.toggle("round", round);
  watch(row.address, (numbers) => pad.show(toBox(numbers)));
  return pad.element;
}

// For the place of the input in the picture, which is four controls.
export function canvasPad() {
  if (!CANVAS.every((address) => rows.has(address))) return null;
  const pad = boxPad("canvas", (box) => CANVAS.forEach((address, place) => set(address, box[place])));
  for (const address of CANVAS) watch(address, () => pad.show(CANVAS.map(value)));
  return pad.element;
}

function boxPad(name, send) {
  const grip = make("i", { className: "grip" });
  const box = make("div", { className: "box", tabIndex: 0, role: "group" }, [grip]);
  const picture = make("canvas", { "aria-hidden": "true" });
  const element = make("div", { className: "pad" }, [make("div", { className: "frame" }, [picture, box])]);
  element.style.setProperty("--margin", MARGIN);
  box.setAttribute("aria-label", `${name}: arrow keys move it, with Shift they size it`);
  follow("input", picture);
  let held = [0, 0, 1, 1];
  const later = throttled(send, () => show(held));
  const show = ([x, y, w, h]) => {
    held = [x, y, w, h];
    Object.assign(box.style, { left: percent(x), top: percent(y), width: percent(w), height: percent(h) });
  };
  const move = (numbers) => {
    show(numbers.map((number) => Math.round(number * 1000) / 1000));
    later(held);
  };
  box.onpointerdown = (event) => {
    event.preventDefault();
    box.focus();
    box.setPointerCapture(event.pointerId);
    const frame = box.parentElement.getBoundingClientRect();
    const [x, y, w, h] = held;
    const sizes = event.target === grip;
    box.onpointermove = ({ clientX, clientY }) => {
      const right = (clientX - event.clientX) / frame.width;
      const down = (clientY - event.clientY) / frame.height;
      move(sizes ? [x, y, Math.max(SMALLEST, w + right), Math.max(SMALLEST, h + down)] : [x + right, y + down, w, h]);
    };
    box.onpointerup = box.onpointercancel = () => (box.onpointermove = null);
  };
  box.onkeydown = (event) => {
    const [right, down] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [];
    if (right === undefined) return;
    event.preventDefault();
    const [x, y, w, h] = held;
    move(event.shiftKey ? [x, y, Math.max(SMALLEST, w + right), Math.max(SMALLEST, h + down)] : [x + right, y + down, w, h]);
  };
  return { element, show: (numbers) => later.busy() || show(numbers) };
}

const percent = (share) => `${100 * share}%`;
