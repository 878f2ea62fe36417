// A mask drawn on the input's picture with mouse, pen or finger; it counts as soon as a stroke ends.
import { button, byId, make } from "./dom.js";
import { isStaged, stage } from "./previews.js";
import { upload } from "./upload.js";
import { set, value } from "./values.js";

const SOURCE = "/vace/mask/source";
const INVERT = "/vace/mask/invert";
const WIDTH = 768; // pixels of the mask; a model's latents are far coarser
const SIZES = [0.04, 0.1, 0.2]; // of the picture's width
let drawing = null;

export const isDrawing = () => drawing !== null;

export function stopDrawing() {
  removeTools();
  if (isStaged("input")) stage("output");
}

function removeTools() {
  drawing?.forEach((part) => part.remove());
  drawing = null;
}

// Whoever looks at another picture has done with it.
document.addEventListener("staged", removeTools);

export function drawMask() {
  stopDrawing();
  const figure = stage("input") ?? stage("output");
  if (!figure) return;
  const preview = figure.querySelector("canvas");
  const canvas = make("canvas", { width: WIDTH, height: Math.round((WIDTH * preview.height) / preview.width) });
  const strokes = [];
  let keeps = true; // whether what is drawn on is kept, or is all that is restyled
  let size = SIZES[1];
  const changed = () => {
    paint(canvas, strokes, keeps);
    sendMask(canvas, strokes, keeps);
  };
  const undo = button("↶", () => (strokes.pop(), changed()), { "aria-label": "take back the last stroke" });
  const clear = button("✕", () => (strokes.splice(0), changed()), { "aria-label": "take back all" });
  const uses = ["keep", "restyle"].map((use) => button(use, () => (useAs(use), changed())));
  const useAs = (use) => {
    keeps = use === "keep";
    uses.forEach((each) => each.setAttribute("aria-pressed", String(each.textContent === use)));
  };
  useAs("keep");
  const brush = button("●", () => {
    size = SIZES[(SIZES.indexOf(size) + 1) % SIZES.length];
    brush.textContent = "·●⬤"[SIZES.indexOf(size)];
  }, { "aria-label": "size of the brush" });
  const bar = make("div", { className: "tools" }, [...uses, brush, undo, clear, button("Done", stopDrawing, { className: "done" })]);
  drawing = [make("div", { className: "drawing" }, [canvas]), bar];
  figure.append(drawing[0]);
  byId("stage").append(bar);
  figure.scrollIntoView({ block: "nearest" });
  followPointer(canvas, () => ({ points: [], size }), strokes, () => paint(canvas, strokes, keeps), changed);
}

function followPointer(canvas, begin, strokes, moved, ended) {
  const point = (event) => {
    const area = canvas.getBoundingClientRect();
    return [((event.clientX - area.left) / area.width) * canvas.width, ((event.clientY - area.top) / area.height) * canvas.height];
  };
  canvas.onpointerdown = (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    const stroke = begin();
    stroke.points.push(point(event));
    strokes.push(stroke);
    moved();
    canvas.onpointermove = (each) => {
      stroke.points.push(point(each));
      moved();
    };
    canvas.onpointerup = canvas.onpointercancel = () => {
      canvas.onpointermove = canvas.onpointerup = canvas.onpointercancel = null;
      ended();
    };
  };
}

// For the eye: what is drawn on, in the colour of what becomes of it.
function paint(canvas, strokes, keeps) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  trace(context, strokes, keeps ? "#6fd08c" : "#ffb454");
}

function trace(context, strokes, colour) {
  Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: colour });
  for (const { points, size } of strokes) {
    context.lineWidth = size * WIDTH;
    context.beginPath();
    context.moveTo(...points[0]);
    for (const each of points) context.lineTo(...each);
    context.stroke();
  }
}

// For the program: white is restyled, black is kept, unless the mask is inverted.
async function sendMask(canvas, strokes, keeps) {
  if (!strokes.length) return set(SOURCE, "none");
  const drawnWhite = keeps === Boolean(value(INVERT));
  const mask = make("canvas", { width: canvas.width, height: canvas.height });
  const context = mask.getContext("2d");
  context.fillStyle = drawnWhite ? "#000" : "#fff";
  context.fillRect(0, 0, mask.width, mask.height);
  trace(context, strokes, drawnWhite ? "#fff" : "#000");
  const path = await upload(await new Promise((done) => mask.toBlob(done, "image/png")), "drawn-mask.png");
  if (path) set(SOURCE, path);
  return undefined;
}
