// A press is a press: it counts for the button under the finger when that came down, also if the page was drawn anew
// or moved until it went up, if a second finger is down, or if the browser takes it for a long press. Browsers give no
// click then, or give it to what has come under the finger. Keys, and what reads the page aloud, click as ever.
const PRESSED = "button, .chip, summary";
const SLOP = 12; // pixels beyond its edge where a finger is still on the button
const fingers = new Map(); // what each pointer that is down is on, and where that was
let answered = false; // whether the browser's own click would be a second one

export function listenForPresses() {
  document.addEventListener("pointerdown", down, true);
  document.addEventListener("pointerup", up, true);
  document.addEventListener("pointercancel", ({ pointerId }) => fingers.delete(pointerId), true); // the page scrolls
  document.addEventListener("click", withoutSecond, true);
}

function down(event) {
  answered = false;
  const element = event.button === 0 && event.target.closest?.(PRESSED);
  if (element && !element.disabled) fingers.set(event.pointerId, { element, area: element.getBoundingClientRect() });
}

function up(event) {
  const { element, area } = fingers.get(event.pointerId) ?? {};
  fingers.delete(event.pointerId);
  if (!element || !isOn(area, event)) return;
  const { clientX, clientY } = event;
  element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window, detail: 1, clientX, clientY }));
  answered = true;
}

// detail: 0 for a click that no pointer has made.
function withoutSecond(event) {
  if (!event.isTrusted || event.detail === 0 || !answered) return;
  answered = false;
  event.preventDefault();
  event.stopPropagation();
}

function isOn(area, { clientX, clientY }) {
  const across = clientX >= area.left - SLOP && clientX <= area.right + SLOP;
  return across && clientY >= area.top - SLOP && clientY <= area.bottom + SLOP;
}
