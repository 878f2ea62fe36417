"""The parts that TouchOSC's pages are made of: a node of each kind that is used, in the colours of all of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from py2tosc import Control as Node
from py2tosc import ControlType, Value
from py2tosc.enums import ButtonType, Conversion, PartialType, TriggerCondition
from py2tosc.messages import Message, OscMessage, Partial, Trigger

from ...control.parameters import Control, in_words

Frame = tuple[int, int, int, int]
"""x, y, width, height in pixels of the canvas, from the parent's corner."""
COLORS = {"at once": "#c9742b", "next chunk": "#2f6f9f"}
"""By when a control acts."""
DANGER = "#b3372b"
BACKGROUND, INK, SUNKEN = "#14171b", "#f0f0f0", "#22272e"
BARE = {"background": False, "outline": False}
ROUND = 4.0
"""Of the corners of what is touched; TouchOSC takes 0 to 10."""


def node(
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


def label(name: str, frame: Frame, text: str, look: Mapping[str, Any]) -> Node:
    """A text that does not change."""
    look = {"color": SUNKEN, "textColor": INK, "textSize": 16, **look}
    return node(ControlType.LABEL, name, frame, look, [Value("text", default=text)])


def text(row: Control, name: str, frame: Frame, look: Mapping[str, Any]) -> Node:
    """The text, or the number, that a control holds, as it changes."""
    told = OscMessage(
        send=False,
        triggers=[Trigger("text")],
        path=[Partial(value=row.address)],
        arguments=[Partial(PartialType.VALUE, Conversion.STRING, "text")],
    )
    look = {"color": SUNKEN, "textColor": INK, "textSize": 14, "tag": row.doc, **look}
    return node(ControlType.TEXT, name, frame, look, [Value("text", default=in_words(row.default))], [told])


def button(
    row: Control,
    name: str,
    frame: Frame,
    sent: OscMessage,
    kind: ButtonType = ButtonType.MOMENTARY,
    first: float = 0.0,
    color: str | None = None,
) -> Node:
    """What is pressed; `sent` says what that sends."""
    look = {"color": color or color_of(row), "buttonType": kind, "cornerRadius": ROUND, "tag": row.doc}
    return node(ControlType.BUTTON, name, frame, look, [Value("x", default=first)], [sent])


def fader(row: Control, name: str, frame: Frame, first: float, look: Mapping[str, Any], *messages: Message) -> Node:
    """What is drawn along. first: where it stands, 0 to 1."""
    look = {"color": color_of(row), "cornerRadius": ROUND, "tag": row.doc, **look}
    return node(ControlType.FADER, name, frame, look, [Value("x", default=first)], messages)


def message(
    row: Control,
    arguments: list[Partial],
    on: TriggerCondition = TriggerCondition.ANY,
    receive: bool = False,
    axis: str = "x",
) -> OscMessage:
    """What a node sends to its control's address, when `axis` changes in that way."""
    path = [Partial(value=row.address)]
    return OscMessage(receive=receive, triggers=[Trigger(axis, on)], path=path, arguments=arguments)


def stands(low: float, high: float, conversion: Conversion, axis: str = "x") -> Partial:
    """Where the node stands, between low and high."""
    return Partial(PartialType.VALUE, conversion, axis, low, high)


def constant(value: Any) -> Partial:
    """Always this."""
    match value:
        case bool() | int():
            return Partial(PartialType.CONSTANT, Conversion.INTEGER, str(int(value)))
        case float():
            return Partial(PartialType.CONSTANT, Conversion.FLOAT, f"{value:g}")
        case _:
            return Partial(PartialType.CONSTANT, Conversion.STRING, value)


def color_of(row: Control) -> str:
    """Red for a button that nobody wants to touch by accident, else by when the control acts."""
    pressed = row.event or row.type in ("trigger", "bool")
    return DANGER if row.dangerous and pressed else COLORS[row.acts]
