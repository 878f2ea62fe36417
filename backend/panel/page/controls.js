// One widget per row of the table of controls; what a widget looks like follows from the row's type alone.
const SEND_MS = 40;      // a dragged slider sends at most 25 times a second
const ECHO_MS = 400;     // and is not moved by its own echo while it is dragged
const FEW_CHOICES = 8;

export class Controls {
  constructor(send) {
    this.send = send;
    this.widgets = new Map();
  }

  // What acts at once, and what happens rather than holds, is within reach at the top; the rest follows in order.
  build(rows) {
    const strip = document.getElementById("strip-of-switches");
    const list = document.getElementById("list-of-values");
    strip.replaceChildren();
    list.replaceChildren();
    this.widgets.clear();
    for (const row of rows) {
      if (row.event && row.type === "int" && row.high - row.low > FEW_CHOICES) continue; // for programs, not for hands
      const urgent = row.type === "trigger" || (row.type === "bool" && row.acts === "at once");
      const maker = row.event && row.type === "int" ? slots : (urgent ? URGENT : MAKERS)[row.type];
      const widget = maker(row, (value) => this.send(row.address, value));
      widget.element.dataset.address = row.address;
      widget.element.title = row.doc;
      (urgent ? strip : list).append(widget.element);
      this.widgets.set(row.address, widget);
    }
  }

  show(values) {
    for (const [address, value] of Object.entries(values)) this.widgets.get(address)?.show(value);
  }
}

const MAKERS = { string: text, strings: texts, floats: numbers, bool: tick, float: number, int: number, choice };
const URGENT = { bool: toggle, trigger };

function make(tag, properties = {}, children = []) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function nameOf(row) {
  return row.address.split("/").slice(2).join(" ");
}

function labelled(row, ...widgets) {
  const id = `control${row.address.replaceAll("/", "-")}`;
  widgets[0].id ||= id;
  const head = make("div", { className: "label" }, [
    make("label", { className: "name", htmlFor: widgets[0].id, textContent: nameOf(row) }),
    make("span", { className: "address", textContent: row.address }),
    make("span", { className: "acts", textContent: row.acts }),
  ]);
  return make("div", { className: "control" }, [head, make("div", { className: "row" }, widgets)]);
}

function text(row, send) {
  return written(row, (words) => send(words), (value) => value, (event) => !event.shiftKey);
}

// One text a line, so here Enter makes a line and Ctrl with Enter sends.
function texts(row, send) {
  const lines = (words) => words.split("\n").map((line) => line.trim()).filter(Boolean);
  return written(row, (words) => send(lines(words)), (value) => value.join("\n"), (event) => event.ctrlKey);
}

// Several numbers in one line; the program reads them out of the text, and says what is wrong with them.
function numbers(row, send) {
  return written(row, (words) => send(words), (values) => values.map(rounded).join(" "), (event) => !event.shiftKey);
}

function written(row, send, words, sends) {
  const field = make("textarea", { rows: 1, spellcheck: false, placeholder: row.doc });
  const button = make("button", { type: "button", className: "send", textContent: "Send" });
  let known = ""; // what the program holds, as far as this page has heard
  const mark = () => field.classList.toggle("unsent", field.value !== known);
  const commit = () => {
    send(field.value);
    known = field.value;
    mark();
  };
  field.oninput = mark;
  field.onkeydown = (event) => {
    if (event.key === "Enter" && sends(event)) {
      event.preventDefault();
      commit();
    } else if (event.key === "Escape") {
      field.value = known;
      mark();
    }
  };
  button.onclick = commit;
  const show = (value) => {
    const untouched = field.value === known;
    known = words(value);
    if (untouched) field.value = known; // what is being typed is never overwritten
    mark();
  };
  return { element: labelled(row, field, button), show };
}

function tick(row, send) {
  const box = make("input", { type: "checkbox", checked: row.default });
  box.onchange = () => send(box.checked);
  const element = labelled(row, box);
  element.classList.add("inline");
  return { element, show: (value) => (box.checked = value) };
}

function toggle(row, send) {
  const button = switchButton(row);
  const show = (value) => button.setAttribute("aria-pressed", String(Boolean(value)));
  button.onclick = () => send(button.getAttribute("aria-pressed") !== "true");
  show(row.default);
  return { element: button, show };
}

function trigger(row, send) {
  const button = switchButton(row);
  button.onclick = () => {
    send(true);
    button.classList.add("fired");
    setTimeout(() => button.classList.remove("fired"), ECHO_MS);
  };
  return { element: button, show: () => {} };
}

function switchButton(row) {
  return make("button", { type: "button", className: "switch" }, [
    make("b", { textContent: nameOf(row) }),
    make("small", { textContent: row.address }),
  ]);
}

function number(row, send) {
  const whole = row.type === "int";
  const bounded = row.low !== null && row.high !== null && row.high - row.low <= 1000;
  const step = whole ? 1 : bounded ? (row.high - row.low) / 200 : "any";
  const limits = { min: row.low ?? "", max: row.high ?? "" };
  const field = make("input", { type: "number", step: whole ? 1 : "any", ...limits });
  const slider = make("input", { type: "range", ...limits, step });
  const label = bounded ? slider : field;
  if (!bounded) field.className = "wide";
  const later = throttled(send, () => show(current));
  let current = row.default;
  const show = (value) => {
    current = value;
    if (later.busy() || document.activeElement === field) return; // shown when the hand is off it
    slider.value = value;
    field.value = rounded(value);
  };
  slider.oninput = () => {
    field.value = rounded(slider.value);
    later(Number(slider.value));
  };
  field.onchange = () => {
    if (field.value === "") return;
    send(Number(field.value));
    field.blur();
  };
  field.onblur = () => show(current);
  const unit = make("span", { className: "unit", textContent: row.unit });
  if (bounded) field.setAttribute("aria-label", `${nameOf(row)}, as a number`);
  return { element: labelled(row, label, ...(bounded ? [field] : []), ...(row.unit ? [unit] : [])), show };
}

function rounded(value) {
  return String(Math.round(Number(value) * 1000) / 1000);
}

// Sends the latest of many values now and then; `settled` is called once when no more have come for a while.
function throttled(send, settled) {
  let touched = -Infinity;
  let timer = 0;
  let quiet = 0;
  let latest = null;
  const later = (value) => {
    touched = performance.now();
    latest = value;
    clearTimeout(quiet);
    quiet = setTimeout(settled, ECHO_MS);
    timer ||= setTimeout(() => {
      timer = 0;
      send(latest);
    }, SEND_MS);
  };
  later.busy = () => performance.now() - touched < ECHO_MS - 1;
  return later;
}

function choice(row, send) {
  if (row.choices.length > FEW_CHOICES) return menu(row, send);
  const buttons = row.choices.map((value) =>
    make("button", { type: "button", textContent: value, onclick: () => send(value) }),
  );
  buttons.forEach((button) => button.setAttribute("role", "radio"));
  const group = make("div", { className: "choices" }, buttons);
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-label", nameOf(row));
  const show = (value) =>
    buttons.forEach((button) => button.setAttribute("aria-checked", String(button.textContent === value)));
  return { element: labelled(row, group), show };
}

// An event that carries a number: a button for each, which stays as it is.
function slots(row, send) {
  const numbers = Array.from({ length: row.high }, (_, place) => place + 1);
  const buttons = numbers.map((value) =>
    make("button", { type: "button", textContent: value, onclick: () => send(value) }),
  );
  return { element: labelled(row, make("div", { className: "choices" }, buttons)), show: () => {} };
}

function menu(row, send) {
  const select = make("select", {}, row.choices.map((value) => make("option", { value, textContent: value })));
  select.onchange = () => send(select.value);
  return { element: labelled(row, select), show: (value) => (select.value = value) };
}
