// What is typed: a text, several texts with one a line, or several numbers in one line, which the program reads.
import { button, make } from "./dom.js";
import { rounded } from "./slider.js";
import { nameOf, set, watch } from "./values.js";

const KINDS = {
  string: { read: (words) => words, write: (value) => value, sends: (event) => !event.shiftKey },
  floats: { read: (words) => words, write: (values) => values.map(rounded).join(" "), sends: (event) => !event.shiftKey },
  strings: {
    read: (words) => words.split("\n").map((line) => line.trim()).filter(Boolean),
    write: (values) => values.join("\n"),
    sends: (event) => event.ctrlKey, // Enter makes a line here
  },
};

// What is being typed is never overwritten: not by others, not when the connection comes back.
export function textField(row, properties = {}) {
  const kind = KINDS[row.type] ?? KINDS.string;
  const field = make("textarea", { rows: 1, spellcheck: false, placeholder: row.doc, ...properties });
  const ok = button("Send", () => commit(), { className: "send", "aria-label": `send ${nameOf(row.address)}` });
  let known = ""; // what the program holds, as far as this page has heard
  const mark = () => field.classList.toggle("unsent", field.value !== known);
  const commit = () => {
    set(row.address, kind.read(field.value));
    if (!row.event) known = field.value;
    mark();
  };
  field.oninput = mark;
  field.onkeydown = (event) => {
    if (event.key === "Enter" && kind.sends(event)) {
      event.preventDefault();
      commit();
    } else if (event.key === "Escape") {
      field.value = known;
      mark();
    }
  };
  watch(row.address, (value) => {
    const untouched = field.value === known;
    known = kind.write(value);
    if (untouched) field.value = known;
    mark();
  });
  return { label: field, parts: [field, ok] };
}
