"""The page that a show is played from, in nodes of TouchOSC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from py2tosc import Control as Node
from py2tosc import ControlType, Value
from py2tosc.enums import AlignH, ButtonType, Conversion, TriggerCondition
from py2tosc.messages import OscMessage

from ...control.parameters import Control, ControlTable
from ..show_page import GO, MASK, SAVE, Placed
from .cells import fader_with_figure
from .nodes import BARE, DANGER, ROUND, Frame, button, constant, label, message, node, stands, text
from .script import CENTRE_NODE, ERROR_NODE, PAD_SCRIPT, RADII_NODE, SAVE_SCRIPT, STATE_NODE

FADER_NAME, FADER_FIGURE = 84, 76
"""Widths beside a fader."""
LOOK_COLOR, MASK_COLOR = "#2f6f9f", "#6b55a3"
SLOT_COLORS = {GO: "#2e7d6b", SAVE: "#8c2f2f", MASK: MASK_COLOR}
QUIET = "#8f99a5"


def show_nodes(table: ControlTable, everything: Iterable[Placed]) -> list[Node]:
    """The nodes of what is placed on a page."""
    return [made for placed in everything for made in _nodes(table, placed)]


def _nodes(table: ControlTable, placed: Placed) -> list[Node]:
    if placed.kind in ("heading", "state", "error"):
        return [_words(placed)]
    row = table[placed.address]
    match placed.kind:
        case "shown":
            return [text(row, f"{row.address} shown", placed.frame, {"textSize": 17 if placed.frame[3] > 30 else 14})]
        case "slot":
            return _slot(table, row, placed)
        case "fader":
            return _fader(row, placed)
        case "pad":
            return [_canvas(row, table[placed.other], placed.frame)]
        case "centre" | "radii":
            return [_ellipse(row, placed)]
        case "push":
            sent = message(row, [stands(0, 1, Conversion.INTEGER)])
            return [button(row, f"{row.address} now", placed.frame, sent, color=DANGER), _caption(row, placed, 20)]
        case _:
            sent = message(row, [stands(0, 1, Conversion.INTEGER)], receive=True)
            color = DANGER if row.acts == "at once" else MASK_COLOR
            first = float(row.default is True)
            size = 20 if row.acts == "at once" else 15
            pressed = button(row, f"{row.address} now", placed.frame, sent, ButtonType.TOGGLE_PRESS, first, color)
            return [pressed, _caption(row, placed, size)]


def _words(placed: Placed) -> Node:
    if placed.kind == "heading":
        look = {"textSize": 12, "textColor": QUIET, "textAlignH": AlignH.LEFT, **BARE}
        return label(f"heading {placed.frame[0]} {placed.frame[1]} {placed.text}", placed.frame, placed.text, look)
    color = "#ff8a75" if placed.kind == "error" else "#8fe0b0"
    look = {"textSize": 14, "textColor": color, "textAlignH": AlignH.RIGHT, **BARE}
    return label(STATE_NODE if placed.kind == "state" else ERROR_NODE, placed.frame, "", look)


def _slot(table: ControlTable, row: Control, placed: Placed) -> list[Node]:
    """A button that sends one value, with a text of its own or the one that another control holds."""
    name = f"{row.address} {placed.value} slot"
    value = int(placed.value) if row.type == "int" else placed.value
    sent = [message(row, [constant(value)], on=TriggerCondition.RISE)]
    look = {"color": SLOT_COLORS.get(row.address, LOOK_COLOR), "cornerRadius": ROUND, "tag": row.doc}
    if row.address == SAVE:
        sent, look = [], {**look, "script": SAVE_SCRIPT % placed.value}
    pressed = node(ControlType.BUTTON, name, placed.frame, look, [Value("x", default=0.0)], sent)
    if placed.shows:
        look = {**BARE, "textSize": 16}
        return [pressed, text(table[placed.shows], f"{name} caption", placed.frame, look)]
    return [pressed, _caption(row, placed, 15 if len(placed.text) > 1 else 22)]


def _caption(row: Control, placed: Placed, size: int) -> Node:
    name = f"{row.address} {placed.value or 'now'} {placed.text} caption"
    return label(name, placed.frame, placed.text, {**BARE, "textSize": size})


def _fader(row: Control, placed: Placed) -> list[Node]:
    x, y, width, height = placed.frame
    name = label(f"{row.address} name", (x, y, FADER_NAME, height), placed.text, {**BARE, "textAlignH": AlignH.LEFT})
    along = (x + FADER_NAME, y, width - FADER_NAME - FADER_FIGURE, height)
    figure = (x + width - FADER_FIGURE, y, FADER_FIGURE, height)
    return [name, *fader_with_figure(row, f"{row.address} now", along, figure, {"grid": False})]


def _canvas(across: Control, down: Control, frame: Frame) -> Node:
    """A pad of two controls: the left edge and the top edge of the input."""
    assert across.low is not None
    assert across.high is not None
    assert down.low is not None
    assert down.high is not None
    sent = [
        message(across, [stands(across.low, across.high, Conversion.FLOAT)], receive=True),
        message(down, [stands(down.high, down.low, Conversion.FLOAT, "y")], receive=True, axis="y"),
    ]
    return _pad("canvas place", across.doc, frame, (0.5, 0.5), LOOK_COLOR, sent)


def _ellipse(row: Control, placed: Placed) -> Node:
    assert isinstance(row.default, tuple)
    x, y, wide, high = (float(number) for number in row.default)
    name, first = (CENTRE_NODE, (x, 1 - y)) if placed.kind == "centre" else (RADII_NODE, (2 * wide, 2 * high))
    return _pad(name, row.doc, placed.frame, first, MASK_COLOR, script=PAD_SCRIPT)


def _pad(
    name: str,
    doc: str,
    frame: Frame,
    first: tuple[float, float],
    color: str,
    sent: Sequence[OscMessage] = (),
    **more: str,
) -> Node:
    look: dict[str, Any] = {"color": color, "cornerRadius": ROUND, "gridStepsX": 4, "gridStepsY": 4, "tag": doc, **more}
    return node(ControlType.XY, name, frame, look, [Value("x", default=first[0]), Value("y", default=first[1])], sent)
