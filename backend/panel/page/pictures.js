// Pictures that are dropped, pasted or chosen become a reference, the first or last frame, or the mask.
import { button, byId, complain, make } from "./dom.js";
import { drawMask } from "./drawing.js";
import { upload } from "./upload.js";
import { fileOf, rows, set, watch } from "./values.js";

const USES = [
  ["reference", "/vace/reference/add"],
  ["first frame", "/vace/first"],
  ["last frame", "/vace/last"],
  ["mask picture", "/vace/mask/source"],
];
const REFERENCES = "/vace/reference";
const REMOVE = "/vace/reference/remove";
const LONGEST_SIDE = 2048; // pixels: more than any model looks at, and soon sent from a phone
const LARGEST_PNG = 2e6; // bytes; a larger one goes as a JPEG

export function buildPictures() {
  const thumbs = make("div", { id: "references" });
  byId("pictures").replaceChildren(
    make("div", { className: "uses" }, [
      button("draw mask", drawMask, { className: "draw", hidden: !rows.has("/vace/mask/source") }),
      ...USES.filter(([, address]) => rows.has(address)).map(([name, address]) => chooser(name, address)),
    ]),
    thumbs,
  );
  watch(REFERENCES, (paths) => thumbs.replaceChildren(...paths.map(thumb)));
}

async function use(file, address) {
  const picture = await smaller(file);
  const path = picture && (await upload(picture, file.name || "pasted.png"));
  if (path) set(address, path);
}

// As the browser shows it, upright, in a format that the program takes, and no larger than is of use.
async function smaller(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    complain("", `${file.name || "this"} is no picture that this browser can read; use PNG, JPEG or WebP`);
    return undefined;
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = make("canvas", { width: Math.round(scale * picture.width), height: Math.round(scale * picture.height) });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = (type) => new Promise((done) => canvas.toBlob(done, type, 0.92));
  const png = file.type === "image/jpeg" ? null : await blob("image/png");
  return png && png.size <= LARGEST_PNG ? png : blob("image/jpeg");
}

// A button that opens the system's own way to choose a file, and takes what is dropped on it.
function chooser(name, address) {
  const input = make("input", { type: "file", accept: "image/*", "aria-label": `picture as ${name}` });
  input.onchange = () => {
    if (input.files[0]) use(input.files[0], address);
    input.value = "";
  };
  const element = make("label", { className: "chooser" }, [input, make("span", { textContent: `+ ${name}` })]);
  element.dataset.use = address;
  element.ondragover = (event) => event.preventDefault();
  element.ondrop = (event) => {
    event.preventDefault();
    event.stopPropagation();
    dropped(false);
    const file = pictureIn(event.dataTransfer);
    if (file) use(file, address);
  };
  return element;
}

function thumb(path, place, paths) {
  const alone = paths.indexOf(path) === paths.lastIndexOf(path); // a name still fits if the list has changed
  const name = path.split(/[\\/]/).pop();
  const picture = make("img", { src: `/pictures/${encodeURIComponent(name)}`, alt: fileOf(path) });
  const frame = make("figure", { className: "thumb", title: path }, [
    picture,
    make("figcaption", { textContent: fileOf(path) }),
    button("×", () => set(REMOVE, alone ? path : String(place + 1)), { "aria-label": `remove the reference ${fileOf(path)}` }),
  ]);
  picture.onerror = () => picture.remove(); // a file from elsewhere, which only the program can see
  return frame;
}

function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
}

function dropped(over) {
  document.body.classList.toggle("dropping", over);
}

// Wherever it is dropped or pasted, the page asks what it is for.
function askFor(file) {
  const dialog = byId("use-as");
  const form = dialog.querySelector("form");
  const buttons = USES.filter(([, address]) => rows.has(address)).map(([name, address]) =>
    button(name, () => (dialog.close(), use(file, address))),
  );
  form.replaceChildren(form.firstElementChild, ...buttons, button("Cancel", () => dialog.close()));
  dialog.showModal();
}

document.ondragover = (event) => {
  event.preventDefault();
  dropped(true);
};
document.ondragleave = (event) => event.relatedTarget ?? dropped(false);
document.ondrop = (event) => {
  event.preventDefault();
  dropped(false);
  const file = pictureIn(event.dataTransfer);
  if (file) askFor(file);
};
document.onpaste = (event) => {
  const file = pictureIn(event.clipboardData);
  if (!file) return;
  event.preventDefault();
  askFor(file);
};
