"""A layout for TouchOSC: a page for each group of controls, a cell for each control, both ways.

A cell has a title, and below it what the control is set with. Addresses, ranges and first values are the table's;
what a control does is its `tag`, to be read in the editor. Where it is sent to, and that what is told in return comes
in on FEEDBACK_PORT, is set in TouchOSC's connections.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from py2tosc import Control as Node
from py2tosc import ControlType, Document, Value
from py2tosc.enums import AlignH, ButtonType, Conversion, Orientation, PartialType, TriggerCondition
from py2tosc.messages import LocalMessage, Message, OscMessage, Partial, Trigger

from ..control.parameters import Control, ControlTable, in_words
from .pages import MOST_BUTTONS, options, pages, title, widget

Frame = tuple[int, int, int, int]
"""x, y, width, height in pixels of the canvas, from the parent's corner."""

WIDTH, HEIGHT = 1024, 768
"""The canvas; TouchOSC fits it to the screen."""
TABS = 48
COLUMNS, ROWS = 3, 6
"""Cells on a page; what does not fit is on another of the same name."""
GAP = 10
TITLE = 24
FIGURE = 88
"""Width of the figure beside a fader."""
CLEAR = 96
"""Width of the button that empties a list."""
ACROSS = 6
"""Buttons side by side, before there is a second row of them."""
EXACT = 2**24
"""Up to here a 32-bit float, which TouchOSC calculates with, holds every whole number."""

FEEDBACK_PORT = 9010
"""What TouchOSC's connection must have for its receive port, so that it shows what others have set."""
SCRIPT = f"""
local last = nil

function update()
  local now = getMillis()
  if last == nil or now - last > 30000 then
    last = now
    sendOSC('/vace/subscribe', {FEEDBACK_PORT})
  end
end
"""
"""Of the document, in Lua: a subscription lasts a minute, and brings all values."""

COLORS = {"at once": "#e67e22", "next chunk": "#2980b9"}
"""By when a control acts."""
DANGER = "#c0392b"
BACKGROUND, INK, SUNKEN = "#16191d", "#e8e8e8", "#22272e"
BARE = {"background": False, "outline": False}
TABS_LOOK = {"tabColorOff": SUNKEN, "tabColorOn": "#3b4450", "textColorOff": INK, "textColorOn": INK}


def layout(table: ControlTable) -> Document:
    """The document; `save` writes a .tosc. The same table gives the same XML."""
    sheets = [_sheet(name, part, rows) for name, all_rows in pages(table).items() for part, rows in _parts(all_rows)]
    look = {"color": BACKGROUND, "tabbarSize": TABS, "textSizeOff": 18, "textSizeOn": 18}
    pager = _node(ControlType.PAGER, "pages", (0, 0, WIDTH, HEIGHT), look, children=sheets)
    look = {"color": BACKGROUND, "script": SCRIPT}
    return Document(_node(ControlType.GROUP, "vace-live", (0, 0, WIDTH, HEIGHT), look, children=[pager]))


def _parts(rows: list[Control]) -> list[tuple[int, list[Control]]]:
    """Rows in page-fulls, counted from 1."""
    most = COLUMNS * ROWS
    return [(start // most + 1, rows[start : start + most]) for start in range(0, len(rows), most)]


def _sheet(name: str, part: int, rows: list[Control]) -> Node:
    label = name if part == 1 else f"{name} {part}"
    width, height = WIDTH // COLUMNS, (HEIGHT - TABS) // ROWS
    cells = []
    for place, row in enumerate(rows):
        x, y = place % COLUMNS * width, place // COLUMNS * height
        cells.append(_cell(row, (x + GAP // 2, y + GAP // 2, width - GAP, height - GAP)))
    look = {"color": BACKGROUND, "tabLabel": label, **TABS_LOOK}
    return _node(ControlType.GROUP, f"page {label}", (0, TABS, WIDTH, HEIGHT - TABS), look, children=cells)


def _cell(row: Control, frame: Frame) -> Node:
    width, height = frame[2:]
    name = _label(row, "title", (0, 0, width, TITLE), title(row), {"textAlignH": AlignH.LEFT, "background": False})
    body = _body(row, (0, TITLE, width, height - TITLE))
    return _node(ControlType.GROUP, f"{row.address} cell", frame, BARE, children=[name, *body])


def _body(row: Control, frame: Frame) -> list[Node]:
    """What a control is set with, within a frame."""
    match widget(row):
        case "fader":
            return _fader_with_figure(row, frame)
        case "toggle":
            message = _message(row, [_x(0, 1, Conversion.INTEGER)], receive=True)
            return [_button(row, "", frame, message, ButtonType.TOGGLE_PRESS, first=float(row.default is True))]
        case "push":
            return [_button(row, "", frame, _message(row, [_x(0, 1, Conversion.INTEGER)]))]
        case "options" if len(options(row)) > MOST_BUTTONS:
            left, right = _beside(frame, CLEAR)
            last, first = len(row.choices) - 1, row.choices.index(str(row.default))
            fader = _fader(row, left, 0, last, first, _message(row, [_x(0, last, Conversion.INTEGER)]))
            return [fader, _text(row, right)] if row.holds else [fader]
        case "options":
            return _options(row, frame)
        case "texts":
            left, right = _beside(frame, CLEAR)
            clear = _button(row, "clear", right, _message(row, [], on=TriggerCondition.RISE))
            return [_text(row, left), clear, _caption(row, "clear", right)]
        case "number" | "text" | "numbers" if row.holds:
            return [_text(row, frame)]
        case _:  # an event that there is nothing to type for: what can be sent is the default
            message = _message(row, [_constant(row.default)], on=TriggerCondition.RISE)
            return [_button(row, "", frame, message), _caption(row, str(row.default), frame)]


def _fader_with_figure(row: Control, frame: Frame) -> list[Node]:
    assert row.low is not None
    assert row.high is not None
    assert isinstance(row.default, int | float)
    left, right = _beside(frame, FIGURE)
    figure = _label(row, "figure", right, f"{row.default:g}", {"textLength": 8})
    shown = LocalMessage(
        conversion=Conversion.STRING,
        scale_min=row.low,
        scale_max=row.high,
        dst_type="VALUE",
        dst_var="text",
        dst_id=figure.id,
    )
    whole = row.type == "int" and max(abs(row.low), abs(row.high)) <= EXACT
    sent = _x(row.low, row.high, Conversion.INTEGER if whole else Conversion.FLOAT)
    message = _message(row, [sent], receive=row.holds)
    return [_fader(row, left, row.low, row.high, row.default, message, shown), figure]


def _fader(row: Control, frame: Frame, low: float, high: float, first: float, *messages: Message) -> Node:
    return _node(
        ControlType.FADER,
        row.address,
        frame,
        {"color": _color(row), "orientation": Orientation.EAST, "tag": row.doc},
        [Value("x", default=(first - low) / ((high - low) or 1))],
        messages,
    )


def _options(row: Control, frame: Frame) -> list[Node]:
    """A button for each value; for what holds one, the present value below them."""
    x, y, width, height = frame
    nodes: list[Node] = []
    if row.holds:
        height -= TITLE
        nodes.append(_text(row, (x, y + height, width, TITLE)))
    values = options(row)
    columns = min(len(values), ACROSS)
    lines = math.ceil(len(values) / columns)
    for place, value in enumerate(values):
        left, right = (width * (place % columns + more) // columns for more in (0, 1))
        top, bottom = (height * (place // columns + more) // lines for more in (0, 1))
        at = (x + left, y + top, right - left, bottom - top)
        message = _message(row, [_constant(value)], on=TriggerCondition.RISE)
        nodes += [_button(row, str(value), at, message), _caption(row, str(value), at)]
    return nodes


def _text(row: Control, frame: Frame) -> Node:
    """Shows the text, or the number, that a control holds."""
    told = OscMessage(
        send=False,
        triggers=[Trigger("text")],
        path=[Partial(value=row.address)],
        arguments=[Partial(PartialType.VALUE, Conversion.STRING, "text")],
    )
    look = {"color": SUNKEN, "textColor": INK, "textSize": 14, "tag": row.doc}
    first = Value("text", default=in_words(row.default))
    return _node(ControlType.TEXT, f"{row.address} text", frame, look, [first], [told])


def _button(
    row: Control,
    what: str,
    frame: Frame,
    message: OscMessage,
    kind: ButtonType = ButtonType.MOMENTARY,
    first: float = 0.0,
) -> Node:
    look = {"color": _color(row), "buttonType": kind, "tag": row.doc}
    return _node(
        ControlType.BUTTON, f"{row.address} {what}".strip(), frame, look, [Value("x", default=first)], [message]
    )


def _caption(row: Control, text: str, frame: Frame) -> Node:
    """A text on a button, which lets touches through."""
    return _label(row, f"{text} caption", frame, text, BARE)


def _label(row: Control, what: str, frame: Frame, text: str, look: Mapping[str, Any]) -> Node:
    look = {"color": SUNKEN, "textColor": INK, "textSize": 16, **look}
    return _node(ControlType.LABEL, f"{row.address} {what}", frame, look, [Value("text", default=text)])


def _message(
    row: Control,
    arguments: list[Partial],
    on: TriggerCondition = TriggerCondition.ANY,
    receive: bool = False,
) -> OscMessage:
    path = [Partial(value=row.address)]
    return OscMessage(receive=receive, triggers=[Trigger("x", on)], path=path, arguments=arguments)


def _x(low: float, high: float, conversion: Conversion) -> Partial:
    """Where the control stands, between low and high."""
    return Partial(PartialType.VALUE, conversion, "x", low, high)


def _constant(value: Any) -> Partial:
    match value:
        case bool() | int():
            return Partial(PartialType.CONSTANT, Conversion.INTEGER, str(int(value)))
        case float():
            return Partial(PartialType.CONSTANT, Conversion.FLOAT, f"{value:g}")
        case _:
            return Partial(PartialType.CONSTANT, Conversion.STRING, value)


def _beside(frame: Frame, width: int) -> tuple[Frame, Frame]:
    """A frame in two, the right one of that width."""
    x, y, whole, height = frame
    return (x, y, whole - width, height), (x + whole - width, y, width, height)


def _color(row: Control) -> str:
    return DANGER if row.dangerous else COLORS[row.acts]


def _node(
    kind: ControlType,
    name: str,
    frame: Frame,
    look: Mapping[str, Any],
    values: Sequence[Value] = (),
    messages: Sequence[Message] = (),
    children: Sequence[Node] = (),
) -> Node:
    """A node whose id follows from its name, so that the same table gives the same file."""
    return Node(
        kind,
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        properties={"name": name, "frame": frame, **look},
        values=[*values, Value("touch", default=False)] if values else None,
        messages=list(messages),
        children=list(children),
    )
