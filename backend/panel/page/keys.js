// The keyboard, for whoever is not typing; the list of keys on the page is made from this one.
import { byId, make } from "./dom.js";
import { isDrawing, stopDrawing } from "./drawing.js";
import { goToSlot } from "./instrument.js";
import { goToPreset } from "./presets.js";
import { fullScreen, leaveFullScreen } from "./previews.js";
import { rows, set, value } from "./values.js";

const STEP = 0.05;
const turn = (address) => () => set(address, !value(address));
const nudge = (address, step) => () => set(address, within(rows.get(address), value(address) + step));
const KEYS = [
  ["b", "blackout", turn("/vace/blackout")],
  ["f", "freeze", turn("/vace/freeze")],
  ["p", "bypass: the input passes as it is", turn("/vace/bypass")],
  ["o", "output on the full screen", fullScreen],
  ["1", "to 8: that prompt of the bank; with Shift, that preset", null],
  [" ", "tap the tempo", () => set("/vace/tempo/tap", true)],
  ["ArrowUp", "more of the control (scale)", nudge("/vace/scale", STEP)],
  ["ArrowDown", "less of it", nudge("/vace/scale", -STEP)],
  ["ArrowRight", "more noise: further from the input", nudge("/vace/noise", STEP)],
  ["ArrowLeft", "less noise", nudge("/vace/noise", -STEP)],
  ["/", "search the controls", () => byId("search").focus()],
  ["Escape", "leave a field, the drawing of a mask, the full screen", leave],
];
const SHOWN = { " ": "Space", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

export function listKeys() {
  const list = KEYS.map(([key, what]) => make("div", {}, [make("dt", { textContent: SHOWN[key] ?? key }), make("dd", { textContent: what })]));
  byId("keys").querySelector("dl").replaceChildren(...list);
}

document.onkeydown = (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return leave();
  const { target } = event;
  if (target.matches("textarea, select, input:not([type=checkbox])")) return undefined;
  const digit = /^Digit([1-8])$/.exec(event.code)?.[1];
  if (digit) return event.shiftKey ? goToPreset(Number(digit)) : goToSlot(Number(digit));
  const [, , act] = KEYS.find(([key]) => key === event.key) ?? [];
  if (!act || (event.key === " " && target.matches("button, summary, input"))) return undefined; // it presses that
  event.preventDefault();
  return event.repeat && !event.key.startsWith("Arrow") ? undefined : act();
};

function leave() {
  if (isDrawing()) stopDrawing();
  leaveFullScreen();
  document.activeElement?.blur();
}

function within(row, number) {
  return Math.min(row.high, Math.max(row.low, Math.round(100 * number) / 100));
}
