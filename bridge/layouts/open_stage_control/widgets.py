"""What a control is set with in Open Stage Control."""

from __future__ import annotations

from typing import Any

from ...control.parameters import Control, Value, in_words
from ..pages import is_large, options, title, widget
from .scripts import LISTED, SPACED

Json = dict[str, Any]

TYPED = 110
"""Pixels of the width of a number that is typed."""
MENU = 180
"""Pixels of the width of a menu beside a text."""
DECIMALS = 4
"""Of a number that is sent."""
DROPDOWN_FROM = 7
"""So many choices are a menu rather than buttons side by side."""
DANGER = "#c0392b"


def widgets(row: Control, target: str) -> list[Json]:
    """The widgets of a control, side by side. target: HOST:PORT that OSC is sent to."""
    common = of_control(row, target)
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
            return [button(row, target, value, str(value)) for value in options(row)]
        case "options":
            values = options(row)
            if len(values) >= DROPDOWN_FROM:
                return [{**common, **held, "type": "dropdown", "values": values}]
            return [{**common, **held, "type": "switch", "layout": "horizontal", "values": values}]
        case _:
            return _texts(row, target, {**common, **held})


def _texts(row: Control, target: str, common: Json) -> list[Json]:
    """What is typed: a text, beside a menu where the table offers some, several texts, several numbers, or a colour."""
    kind = widget(row)
    if kind == "text":
        typed = {**common, "type": "input", "align": "left"}
        if not row.offers:
            return [typed]
        # Of the same id, and so showing the same value.
        return [typed, {**common, "type": "dropdown", "values": options(row), "expand": False, "width": MENU}]
    if kind == "texts":
        script = LISTED % (target, row.address)
        return [{**common, **_in_one(row, "; "), "type": "input", "bypass": True, "onValue": script}]
    if row.means == "colour":
        return [{**common, "type": "rgb", "range": {"min": 0, "max": 1}, "decimals": DECIMALS}]
    return [{**common, **_in_one(row, " "), "typeTags": "s", "type": "input", "onValue": SPACED}]


def of_control(row: Control, target: str) -> Json:
    """What every widget of a control has in common."""
    return {
        "id": id_of(row),
        "address": row.address,
        "target": target,
        "typeTags": _type_tag(row),
        "comments": row.doc,
        "expand": True,
        **({"colorWidget": DANGER} if row.dangerous and (row.event or row.type in ("trigger", "bool")) else {}),
    }


def button(row: Control, target: str, value: str | int, label: str) -> Json:
    """What sends one value of an event, or of a control that holds one."""
    return {
        **of_control(row, target),
        "type": "button",
        "mode": "tap",
        "id": f"{id_of(row)} {value}",
        "on": value,
        "label": label,
    }


def id_of(row: Control) -> str:
    """Widgets of one id would be clones of each other; addresses are unique."""
    return row.address.strip("/")


def _in_one(row: Control, between: str) -> Json:
    """The default of several values as the one text that is shown."""
    assert isinstance(row.default, tuple)
    return {"default": between.join(map(in_words, row.default)), "align": "left"}


def _type_tag(row: Control) -> str:
    if is_large(row):
        return "s"
    return {"float": "f", "floats": "f", "int": "i", "bool": "i", "trigger": "i"}.get(row.type, "s")


def _json(value: Value) -> Any:
    if isinstance(value, bool):
        return int(value)
    return list(value) if isinstance(value, tuple) else value
