// Previews arrive as one byte for the length of the name, the name, and a JPEG; no JPEG says that it has gone.
// One of them is on the stage, the others in the strip; widgets may have their own canvas follow one.
import { button, byId, make } from "./dom.js";

const BIG = "output";
const figures = new Map();
const followers = new Map();
const seen = new Set(); // of the followers
const observer = new IntersectionObserver((entries) => entries.forEach(noteSeen));
let staged = BIG;

export async function showPicture(buffer) {
  const length = new Uint8Array(buffer, 0, 1)[0];
  const name = new TextDecoder().decode(new Uint8Array(buffer, 1, length));
  const figure = figures.get(name) ?? makeFigure(name);
  figure.hidden = buffer.byteLength === 1 + length;
  if (figure.hidden) {
    if (staged === name && name !== BIG) stage(BIG);
    return;
  }
  const picture = await createImageBitmap(new Blob([new Uint8Array(buffer, 1 + length)], { type: "image/jpeg" }));
  figure.style.setProperty("--aspect", picture.width / picture.height);
  document.body.style.setProperty("--output-aspect", picture.width / picture.height);
  draw(figure.querySelector("canvas"), picture);
  for (const [canvas, wanted] of followers) if (wanted === name && seen.has(canvas)) draw(canvas, picture);
  picture.close();
}

// A canvas that shows a preview as it comes, while it can be seen.
export function follow(name, canvas) {
  followers.set(canvas, name);
  observer.observe(canvas);
}

function noteSeen({ target, isIntersecting }) {
  seen[isIntersecting ? "add" : "delete"](target);
  const figure = figures.get(followers.get(target));
  if (isIntersecting && figure) draw(target, figure.querySelector("canvas"));
}

// The figure of a preview, which is now the large one; undefined if there is none.
export function stage(name) {
  const figure = figures.get(name);
  if (!figure) return undefined;
  byId("stage").replaceChildren(figure);
  byId("strip").append(...[...figures.values()].filter((each) => each !== figure));
  staged = name;
  document.dispatchEvent(new CustomEvent("staged", { detail: { name } }));
  return figure;
}

export const isStaged = (name) => staged === name;

export function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (byId("stage").requestFullscreen) byId("stage").requestFullscreen();
  else document.body.classList.toggle("filled"); // a phone that lets only films fill its screen
}

export function leaveFullScreen() {
  document.body.classList.remove("filled");
}

function draw(canvas, picture) {
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0);
}

function makeFigure(name) {
  const canvas = make("canvas", { role: "img", "aria-label": `live preview: ${name}` });
  const enlarge = button("", () => (staged === name ? fullScreen() : stage(name)), {
    className: "enlarge",
    "aria-label": `show ${name} large`,
  });
  const caption = make("figcaption", { textContent: name });
  const figure = make("figure", { id: `preview-${name}` }, [canvas, caption, enlarge]);
  byId(name === BIG ? "stage" : "strip").append(figure);
  figures.set(name, figure);
  return figure;
}
