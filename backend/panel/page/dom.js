// Making elements, saying that something could not be done, and remembering what this browser was told.
export const byId = (id) => document.getElementById(id);

export function make(tag, properties = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && !name.startsWith("aria-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function button(text, onclick, properties = {}) {
  return make("button", { type: "button", textContent: text, onclick, ...properties });
}

// Heard where it is shown; address: of the control to blame, "" for none.
export function complain(address, reason) {
  document.dispatchEvent(new CustomEvent("complaint", { detail: { address, reason } }));
}

// A browser that keeps nothing (a private window, a full disk) plays all the same.
export function remembered(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // as above
  }
}
