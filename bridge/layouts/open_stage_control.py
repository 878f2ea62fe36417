"""A session for Open Stage Control (v1), which runs in any browser: a tab a page, a line a control.

Field names are those of its properties reference for 1.30; what is left out there has its default. Nothing is sent
when a session is opened: a default only says what is shown before the first value comes.
"""

from __future__ import annotations

from typing import Any

from ..control.parameters import Control, ControlTable, Value
from .pages import is_large, options, pages, title, widget

Json = dict[str, Any]

VERSION = "1.30.1"
"""Of the program that the session says it was made with; an older one would be converted on opening."""
LINE = 64
"""Pixels of a line's height."""
LABEL = 260
"""Pixels of a label's width."""
TYPED = 110
"""Pixels of the width of a number that is typed."""
DECIMALS = 4
"""Of a number that is sent."""
DROPDOWN_FROM = 7
"""So many choices are a menu rather than buttons side by side."""
DANGER = "#c0392b"


def session(table: ControlTable, target: tuple[str, int]) -> Json:
    """The session, to be written as JSON. target: (host, port) that OSC is sent to."""
    to = f"{target[0]}:{target[1]}"
    tabs = [_tab(name, [_line(row, to) for row in rows]) for name, rows in pages(table).items()]
    tabs.append(_tab("feedback", [_subscription(to)]))
    return {
        "createdWith": "Open Stage Control",
        "version": VERSION,
        "type": "session",
        "content": {"type": "root", "id": "root", "tabs": tabs},
    }


def _subscription(target: str) -> Json:
    """A button that has the program tell what others set, for as long as something is heard once a minute."""
    button = {"type": "button", "mode": "momentary", "label": "show what others set", "height": LINE}
    return {**button, "id": "subscribe", "address": "/vace/subscribe", "target": target}


def _tab(name: str, widgets: list[Json]) -> Json:
    return {
        "type": "tab",
        "id": f"tab {name}",
        "label": name,
        "layout": "vertical",
        "contain": False,  # lines keep their height, and the tab scrolls
        "widgets": widgets,
    }


def _line(row: Control, target: str) -> Json:
    """A label, and to its right what the control is set with."""
    label = {
        "type": "text",
        "id": f"{_id(row)} label",
        "width": LABEL,
        "align": "left",
        "value": title(row),
    }
    return {
        "type": "panel",
        "id": f"{_id(row)} line",
        "layout": "horizontal",
        "height": LINE,
        "scroll": False,
        "widgets": [label, *_widgets(row, target)],
    }


def _widgets(row: Control, target: str) -> list[Json]:
    common: Json = {
        "id": _id(row),
        "address": row.address,
        "target": target,
        "typeTags": _type_tag(row),
        "comments": row.doc,
        "expand": True,
        **({"colorWidget": DANGER} if row.dangerous else {}),
    }
    held: Json = {"default": _json(row.default)} if row.holds else {}
    number: Json = {**common, **held, "decimals": 0 if row.type == "int" else DECIMALS}
    match widget(row):
        case "fader":
            fader = {"type": "fader", "horizontal": True, "range": {"min": row.low, "max": row.high}}
            # Of the same id, and so showing the same value: to read it off, and to type it.
            typed = {"type": "input", "numeric": True, "expand": False, "width": TYPED}
            return [{**number, **fader}, {**number, **typed}]
        case "number":
            return [{**number, "type": "input", "numeric": True}]
        case "toggle":
            return [{**common, **held, "type": "button", "mode": "toggle", "on": 1, "off": 0, "label": "on"}]
        case "push":
            return [{**common, "type": "button", "mode": "push", "on": 1, "off": 0, "label": title(row)}]
        case "once":
            return [{**common, "type": "button", "mode": "tap", "on": _json(row.default), "label": title(row)}]
        case "options" if row.event:
            button = {**common, "type": "button", "mode": "tap"}
            return [{**button, "id": f"{_id(row)} {value}", "on": value, "label": f"{value}"} for value in options(row)]
        case "options":
            values = options(row)
            if len(values) >= DROPDOWN_FROM:
                return [{**common, **held, "type": "dropdown", "values": values}]
            return [{**common, **held, "type": "switch", "layout": "horizontal", "values": values}]
        case "text":
            return [{**common, **held, "type": "input", "align": "left"}]
        case "texts" | "numbers":
            # What is typed is read as JSON: ["a.png", "b.png"] is two texts, [] none, [0.5, 0.25] two numbers.
            return [{**common, **held, "type": "input", "align": "left"}]


def _id(row: Control) -> str:
    """Widgets of one id would be clones of each other; addresses are unique."""
    return row.address.strip("/")


def _type_tag(row: Control) -> str:
    if is_large(row):
        return "s"
    return {"float": "f", "floats": "f", "int": "i", "bool": "i", "trigger": "i"}.get(row.type, "s")


def _json(value: Value) -> Any:
    if isinstance(value, bool):
        return int(value)
    return list(value) if isinstance(value, tuple) else value
