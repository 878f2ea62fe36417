// What went wrong, said at once: which control, the reason and what to do, and a way back.
import { button, byId, make } from "./dom.js";
import { reveal } from "./groups.js";
import { canUndo, nameOf, rows, undo } from "./values.js";

const SHOWN_MS = 12000;
const MOST = 3;
const said = new Map();

// refused: whether the value before is there already, so that there is nothing to undo.
export function toast(address, reason, refused = false) {
  said.get(reason)?.remove();
  const note = make("div", { className: "toast" });
  const leave = () => {
    note.remove();
    said.delete(reason);
  };
  const row = rows.get(address);
  const actions = [];
  if (row && !refused && canUndo(address)) {
    actions.push(button("Undo", () => (undo(address), leave())));
  }
  if (row) actions.push(button("Show", () => (reveal(address), leave())));
  actions.push(button("Close", leave));
  note.append(
    make("p", {}, [...(row ? [make("b", { textContent: nameOf(address) }), " "] : []), reason]),
    make("div", { className: "row" }, actions),
  );
  said.set(reason, note);
  byId("toasts").append(note);
  while (byId("toasts").children.length > MOST) byId("toasts").firstElementChild.remove();
  setTimeout(leave, SHOWN_MS);
}
