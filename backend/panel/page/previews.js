// Pictures arrive as one byte for the length of the name, the name, and a JPEG; no JPEG says that it has gone.
const figures = new Map();
const BIG = "output";

export async function showPicture(buffer) {
  const length = new Uint8Array(buffer, 0, 1)[0];
  const name = new TextDecoder().decode(new Uint8Array(buffer, 1, length));
  const canvas = figures.get(name) ?? makeFigure(name);
  canvas.parentElement.hidden = buffer.byteLength === 1 + length;
  if (canvas.parentElement.hidden) return;
  const picture = await createImageBitmap(new Blob([new Uint8Array(buffer, 1 + length)], { type: "image/jpeg" }));
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  canvas.getContext("2d").drawImage(picture, 0, 0);
  picture.close();
}

function makeFigure(name) {
  const figure = document.createElement("figure");
  figure.id = `preview-${name}`;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `live preview: ${name}`);
  const caption = document.createElement("figcaption");
  caption.append(name);
  figure.append(canvas, caption);
  document.getElementById(name === BIG ? "stage" : "strip").append(figure);
  figures.set(name, canvas);
  return canvas;
}
