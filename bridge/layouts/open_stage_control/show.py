"""The page that a show is played from, in widgets of Open Stage Control: placed in shares of the tab's size."""

from __future__ import annotations

from collections.abc import Iterable

from ...control.parameters import Control, ControlTable
from ..show_page import ELLIPSE, ERROR, GO, MASK, PROMPT, SAVE, STATUS, TABLET, Placed
from .scripts import ACROSS, DOWN, PAD, SHAPE, SHAPE_HEARD
from .scripts import ERROR as SHOW_ERROR
from .scripts import STATE as SHOW_STATE
from .widgets import DANGER, DECIMALS, Json, button, of_control

LOOK_COLOR, MASK_COLOR = "#3d8fd1", "#8f76d6"
SLOT_COLORS = {GO: "#3fae95", SAVE: "#c0392b", MASK: MASK_COLOR}
QUIET, GOOD, BAD = "#8f99a5", "#8fe0b0", "#ff8a75"
CENTRE, RADII, CANVAS = "ellipse centre", "ellipse radii", "canvas place"
LARGEST_RADIUS = 0.5


def show_widgets(table: ControlTable, everything: Iterable[Placed], target: str) -> list[Json]:
    """The widgets of what is placed on the page."""
    made = [each for placed in everything for each in _widgets(table, placed, target)]
    if any(each["id"] == CENTRE for each in made):
        made.append({"type": "variable", "id": "ellipse", "address": ELLIPSE, "onValue": SHAPE_HEARD})
    return made


def _widgets(table: ControlTable, placed: Placed, target: str) -> list[Json]:
    at = _place(placed)
    match placed.kind:
        case "heading":
            name = f"heading {placed.text}"
            return [{"type": "text", "id": name, "value": placed.text, "align": "left", "colorText": QUIET, **at}]
        case "state":
            return [_told("state", STATUS, GOOD, SHOW_STATE, at)]
        case "error":
            return [_told("error", ERROR, BAD, SHOW_ERROR, at)]
    row = table[placed.address]
    common = {**of_control(row, target), **at, "expand": False, "id": f"play {row.address.strip('/')}"}
    match placed.kind:
        case "shown":
            kind = "input" if row.address == PROMPT else "text"
            return [{**common, "type": kind, "default": row.default}]
        case "slot":
            return _slot(table, row, placed, target)
        case "fader":
            return _fader(row, placed, common)
        case "pad":
            return _canvas(row, table[placed.other], common, target)
        case "centre" | "radii":
            return [_ellipse(row, placed, common, target)]
        case "push":
            return [{**common, "type": "button", "mode": "push", "on": 1, "off": 0, "label": placed.text}]
        case _:
            color = {"colorWidget": DANGER if row.acts == "at once" else MASK_COLOR}
            toggled = {"type": "button", "mode": "toggle", "on": 1, "off": 0, "label": placed.text}
            return [{**common, **color, **toggled, "default": int(row.default is True)}]


def _told(name: str, address: str, color: str, script: str, at: Json) -> Json:
    """A text that says what the show says of itself."""
    told = {"type": "text", "id": name, "address": address, "align": "right", "colorText": color, "onValue": script}
    return {**told, **at}


def _slot(table: ControlTable, row: Control, placed: Placed, target: str) -> list[Json]:
    """A button for one value, with its own text or that of another control, which a variable beside it holds."""
    value = int(placed.value) if row.type == "int" else placed.value
    made = button(row, target, value, placed.text)
    made |= {**_place(placed), "expand": False, "id": f"play {made['id']}", "wrap": "soft"}
    made["colorWidget"] = SLOT_COLORS.get(row.address, LOOK_COLOR)
    if row.address == SAVE:
        made["doubleTap"] = True
    if not placed.shows:
        return [made]
    held: Json = {"type": "variable", "id": f"look_{placed.value}", "address": placed.shows}
    held["default"] = table[placed.shows].default
    return [{**made, "label": f"@{{look_{placed.value}}}"}, held]


def _fader(row: Control, placed: Placed, common: Json) -> list[Json]:
    x, y, width, height = placed.frame
    name, figure = 84, 76
    label = {"type": "text", "id": f"{common['id']} name", "value": placed.text, "align": "left"}
    number = {**common, "default": row.default, "decimals": DECIMALS}
    ends = {"range": {"min": row.low, "max": row.high}, "horizontal": True}
    return [
        {**label, **_share((x, y, name, height))},
        {**number, "type": "fader", **ends, **_share((x + name, y, width - name - figure, height))},
        {**number, "type": "input", "numeric": True, **_share((x + width - figure, y, figure, height))},
    ]


def _canvas(across: Control, down: Control, common: Json, target: str) -> list[Json]:
    """A pad that sends two controls, and what hears them."""
    ends = {"rangeX": {"min": across.low, "max": across.high}, "rangeY": {"min": down.high, "max": down.low}}
    script = PAD % (target, across.address, target, down.address)
    pad = {**common, "type": "xy", "id": CANVAS, "bypass": True, "snap": True, **ends, "onValue": script}
    pad |= {"default": [across.default, down.default], "pips": False, "colorWidget": LOOK_COLOR}
    heard = [
        {"type": "variable", "id": "canvas across", "address": across.address, "onValue": ACROSS % (CANVAS, CANVAS)},
        {"type": "variable", "id": "canvas down", "address": down.address, "onValue": DOWN % (CANVAS, CANVAS)},
    ]
    return [pad, *heard]


def _ellipse(row: Control, placed: Placed, common: Json, target: str) -> Json:
    assert isinstance(row.default, tuple)
    first = list(row.default[:2] if placed.kind == "centre" else row.default[2:])
    if placed.kind == "centre":
        ends = {"rangeX": {"min": 0, "max": 1}, "rangeY": {"min": 1, "max": 0}}
    else:
        ends = {"rangeX": {"min": 0, "max": LARGEST_RADIUS}, "rangeY": {"min": 0, "max": LARGEST_RADIUS}}
    pad = {**common, "type": "xy", "id": CENTRE if placed.kind == "centre" else RADII, "default": first, **ends}
    return {**pad, "bypass": True, "snap": True, "pips": False, "colorWidget": MASK_COLOR, "onValue": SHAPE % target}


def _place(placed: Placed) -> Json:
    return _share(placed.frame)


def _share(frame: tuple[int, int, int, int]) -> Json:
    """A frame as shares of the tab, so that the page fits any window."""
    sides = zip(("left", "top", "width", "height"), frame, (TABLET[0], TABLET[1]) * 2, strict=True)
    return {name: f"{100 * side / whole:.3f}%" for name, side, whole in sides}
