// A colour: chosen with the browser's picker, or taken from the input's picture.
import { button, make } from "./dom.js";
import { stage } from "./previews.js";
import { throttled } from "./slider.js";
import { nameOf, set, watch } from "./values.js";

export function colourField(row) {
  const field = make("input", { type: "color", "aria-label": `${nameOf(row.address)}: choose a colour` });
  const later = throttled((numbers) => set(row.address, numbers));
  field.oninput = () => later(numbersOf(field.value));
  watch(row.address, (numbers) => (field.value = hexOf(numbers)));
  const pick = button("From the picture", () => pickFromInput((numbers) => set(row.address, numbers)));
  return [field, pick];
}

// The next touch of the input's picture gives its colour there.
function pickFromInput(chosen) {
  const figure = stage("input");
  if (!figure) return;
  figure.scrollIntoView({ block: "nearest" });
  figure.classList.add("picking");
  figure.addEventListener("click", take, { capture: true, once: true }); // before the button that enlarges it
  function take(event) {
    event.preventDefault();
    event.stopPropagation();
    figure.classList.remove("picking");
    const canvas = figure.querySelector("canvas");
    const area = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - area.left) / area.width) * canvas.width);
    const y = Math.floor(((event.clientY - area.top) / area.height) * canvas.height);
    const [red, green, blue] = canvas.getContext("2d").getImageData(x, y, 1, 1).data;
    chosen([red, green, blue].map((part) => Math.round((1000 * part) / 255) / 1000));
    stage("output");
  }
}

function numbersOf(hex) {
  return [1, 3, 5].map((place) => Math.round((1000 * parseInt(hex.slice(place, place + 2), 16)) / 255) / 1000);
}

function hexOf(numbers) {
  return `#${numbers.map((part) => Math.round(255 * part).toString(16).padStart(2, "0")).join("")}`;
}
