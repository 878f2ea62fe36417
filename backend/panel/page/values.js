// What the controls are and hold, as the program says it; every widget watches one address, and any number may.
import { send } from "./connection.js";
import { complain } from "./dom.js";

export const rows = new Map();
const held = new Map();
const before = new Map(); // what each held until it last changed, to go back to
const watchers = new Map();

// Whether the table is another one than before, so that the page has to be made anew.
export function takeTable(table) {
  const same = JSON.stringify(table) === JSON.stringify([...rows.values()]);
  if (!same) watchers.clear(); // of widgets that are made anew
  rows.clear();
  for (const row of table) rows.set(row.address, row);
  return !same;
}

export function takeValues(values) {
  for (const [address, value] of Object.entries(values)) {
    if (held.has(address) && !equal(held.get(address), value)) before.set(address, held.get(address));
    held.set(address, value);
    for (const show of watchers.get(address) ?? []) show(value);
  }
}

export const value = (address) => held.get(address) ?? rows.get(address)?.default;

// show(value) is called now, if there is a value, and with each one that comes. It returns how to stop that.
export function watch(address, show) {
  if (!watchers.has(address)) watchers.set(address, new Set());
  watchers.get(address).add(show);
  if (held.has(address)) show(held.get(address));
  return () => watchers.get(address).delete(show);
}

export function set(address, value) {
  if (!rows.has(address)) return;
  if (!send({ kind: "set", address, value })) complain("", "not sent: the program is not connected");
}

export function setDefault(address) {
  set(address, rows.get(address).default);
}

// What acts at once (a recording, a source) is put back by the program itself.
export const canUndo = (address) => before.has(address) && rows.get(address)?.acts === "next chunk";
export const undo = (address) => set(address, before.get(address));

// `/vace/mask/feather` is "mask feather".
export const nameOf = (address) => address.split("/").slice(2).join(" ");

// The last part of a path, without what tells apart what has the same name.
export const fileOf = (path) => String(path).split(/[\\/]/).pop().replace(/-[0-9a-f]{12}(?=\.\w+$)/, "");

function equal(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
