"""A cell for each control: a title, and below it what the control is set with."""

from __future__ import annotations

import math

from py2tosc import Control as Node
from py2tosc import ControlType
from py2tosc.enums import AlignH, ButtonType, Conversion, Orientation, TriggerCondition
from py2tosc.messages import LocalMessage

from ...control.parameters import Control
from ..pages import MOST_BUTTONS, options, title, widget
from .nodes import BARE, Frame, button, constant, fader, label, message, node, stands, text

TITLE = 24
FIGURE = 88
"""Width of the figure beside a fader."""
CLEAR = 96
"""Width of the button that empties a list."""
BETWEEN = 4
"""Pixels from one of several buttons to the next."""
ACROSS, UP_AND_DOWN = 5, 2
"""Buttons side by side in a cell, before there is a second row of them; rows in one place of a page."""
EXACT = 2**24
"""Up to here a 32-bit float, which TouchOSC calculates with, holds every whole number."""
WIDEST = 10
"""Letters of the longest text that fits on one of ACROSS buttons."""


def places(row: Control) -> int:
    """How many places of a page, one below the other, a control needs: none for an event that only typing could fill,
    as TouchOSC has nothing to type with."""
    kind = widget(row)
    if _has_buttons(row):
        lines = math.ceil(len(options(row)) / _across(row))
        return math.ceil((lines + (lines > 1 and row.holds) / 2) / UP_AND_DOWN)
    return 0 if row.event and kind in ("number", "text", "texts", "numbers") else 1


def cell(row: Control, frame: Frame) -> Node:
    """The title, and what the control is set with, in a frame of as many `places`."""
    width, height = frame[2:]
    look = {"textAlignH": AlignH.LEFT, "textSize": 15, "textColor": "#b9c0c9", **BARE}
    name = label(f"{row.address} title", (0, 0, width, TITLE), title(row), look)
    body = _body(row, (0, TITLE, width, height - TITLE))
    return node(ControlType.GROUP, f"{row.address} cell", frame, BARE, children=[name, *body])


def _body(row: Control, frame: Frame) -> list[Node]:
    match widget(row):
        case "fader":
            return _fader_with_figure(row, frame)
        case "toggle":
            sent = message(row, [stands(0, 1, Conversion.INTEGER)], receive=True)
            return [button(row, row.address, frame, sent, ButtonType.TOGGLE_PRESS, float(row.default is True))]
        case "push":
            return [button(row, row.address, frame, message(row, [stands(0, 1, Conversion.INTEGER)]))]
        case "once":
            sent = message(row, [constant(row.default)], on=TriggerCondition.RISE)
            return [button(row, row.address, frame, sent)]
        case "options" if not _has_buttons(row):
            return _long_choice(row, frame)
        case "texts":
            left, right = _beside(frame, CLEAR)
            clear = button(row, f"{row.address} clear", right, message(row, [], on=TriggerCondition.RISE))
            return [text(row, f"{row.address} text", left, {}), clear, _caption(row, "clear", right)]
        case _ if _has_buttons(row):
            return _options(row, frame)
        case _:
            return [text(row, f"{row.address} text", frame, {})]


def _fader_with_figure(row: Control, frame: Frame) -> list[Node]:
    left, right = _beside(frame, FIGURE)
    return fader_with_figure(row, row.address, left, right, {})


def fader_with_figure(
    row: Control, name: str, frame: Frame, figure_frame: Frame, look: dict[str, object]
) -> list[Node]:
    """A fader of a control with a range, from left to right, and the value that it stands for."""
    assert row.low is not None
    assert row.high is not None
    assert isinstance(row.default, int | float)
    figure = label(f"{name} figure", figure_frame, f"{row.default:g}", {"textLength": 6})
    shown = LocalMessage(
        conversion=Conversion.STRING,
        scale_min=row.low,
        scale_max=row.high,
        dst_type="VALUE",
        dst_var="text",
        dst_id=figure.id,
    )
    whole = row.type == "int" and max(abs(row.low), abs(row.high)) <= EXACT
    sent = message(
        row, [stands(row.low, row.high, Conversion.INTEGER if whole else Conversion.FLOAT)], receive=row.holds
    )
    first = (row.default - row.low) / ((row.high - row.low) or 1)
    return [fader(row, name, frame, first, {"orientation": Orientation.EAST, **look}, sent, shown), figure]


def _long_choice(row: Control, frame: Frame) -> list[Node]:
    """A fader over the numbers of the choices, which the control takes for their names."""
    left, right = _beside(frame, CLEAR)
    last, first = len(row.choices) - 1, row.choices.index(str(row.default))
    sent = message(row, [stands(0, last, Conversion.INTEGER)])
    chosen = fader(row, row.address, left, first / (last or 1), {"orientation": Orientation.EAST}, sent)
    return [chosen, text(row, f"{row.address} text", right, {})] if row.holds else [chosen]


def _options(row: Control, frame: Frame) -> list[Node]:
    """A button for each value; for what holds one, the present value below them."""
    x, y, width, height = frame
    nodes: list[Node] = []
    if row.holds:
        height -= TITLE
        nodes.append(text(row, f"{row.address} text", (x, y + height, width, TITLE), {}))
    values = options(row)
    columns = _across(row)
    lines = math.ceil(len(values) / columns)
    for place, value in enumerate(values):
        left, right = (width * (place % columns + more) // columns for more in (0, 1))
        top, bottom = (height * (place // columns + more) // lines for more in (0, 1))
        at = (x + left, y + top, right - left - BETWEEN, bottom - top - BETWEEN)
        sent = message(row, [constant(value)], on=TriggerCondition.RISE)
        nodes += [button(row, f"{row.address} {value}", at, sent), _caption(row, str(value), at)]
    return nodes


def _has_buttons(row: Control) -> bool:
    """Whether each value has one; what a table offers was chosen for that, of other values there may be too many."""
    return bool(row.offers) or (widget(row) == "options" and len(options(row)) <= MOST_BUTTONS)


def _across(row: Control) -> int:
    """Buttons side by side: as many in each line, as nearly as that goes."""
    values = options(row)
    longest = max(len(str(value)) for value in values)
    lines = math.ceil(len(values) / (ACROSS if longest <= WIDEST else 2))
    return math.ceil(len(values) / lines)


def _caption(row: Control, shown: str, frame: Frame) -> Node:
    """A text on a button, which lets touches through."""
    return label(f"{row.address} {shown} caption", frame, shown, {**BARE, "textSize": 14})


def _beside(frame: Frame, width: int) -> tuple[Frame, Frame]:
    """A frame in two, the right one of that width."""
    x, y, whole, height = frame
    return (x, y, whole - width, height), (x + whole - width, y, width, height)
