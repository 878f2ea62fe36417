// The list of what has gone wrong. What is new in it is said at once; what was there when the page opened is not.
import { button, byId, make } from "./dom.js";
import { reveal } from "./groups.js";
import { toast } from "./toasts.js";
import { canUndo, nameOf, rows, undo } from "./values.js";

const REFUSED = / stays /; // how the program ends what it says of a value that it did not take
let known = null;

export function forgetEvents() {
  known = null;
}

export function showEvents(events) {
  const last = new Map(events.map((event) => [`${event.address} ${event.reason}`, event.last]));
  if (known) {
    for (const event of events) {
      if ((known.get(`${event.address} ${event.reason}`) ?? 0) < event.last && event.ended === null) {
        toast(event.address, event.reason, REFUSED.test(event.reason));
      }
    }
  }
  known = last;
  const open = events.filter((event) => event.ended === null).length;
  const counter = byId("faults");
  counter.hidden = events.length === 0;
  counter.textContent = open ? `${open} ${open === 1 ? "error" : "errors"}` : "errors";
  counter.classList.toggle("bad", open > 0);
  byId("events").querySelector("ol").replaceChildren(...events.map(line).reverse());
}

function line(event) {
  const when = new Date(1000 * event.last).toLocaleTimeString();
  const times = event.count > 1 ? `${when}, ${event.count} times` : when;
  const parts = [make("time", { textContent: times }), make("p", { textContent: event.reason })];
  if (rows.has(event.address)) {
    const way = make("div", { className: "row" }, [button(nameOf(event.address), () => reveal(event.address))]);
    if (event.ended === null && canUndo(event.address) && !REFUSED.test(event.reason)) {
      way.append(button("Undo", () => undo(event.address)));
    }
    parts.push(way);
  }
  return make("li", { className: event.ended === null ? "open" : "" }, parts);
}

byId("faults").onclick = () => {
  byId("events").open = true;
  byId("events").scrollIntoView({ block: "start" });
  byId("events").querySelector("summary").focus();
};
