"""`/vace/events [N]` answers one `/vace/event` for each of the last N events: how many there are, and how many fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..parameters import Control
from .limits import HEADERS
from .packets import Argument
from .peers import encode

EVENTS, EVENT = "/vace/events", "/vace/event"
MOST_EVENTS = 100
"""In one answer."""
HOW_MANY = Control(EVENTS, "int", 10, "", low=1, high=MOST_EVENTS)
EventList = Callable[[int], Sequence[Sequence[Any]]]
"""Called with a number n: the arguments that tell each of the last n events, the newest last."""


def event_packets(events: EventList, arguments: Sequence[Argument], room: int) -> list[bytes]:
    """The answer to a question with these arguments, the newest event last; the oldest are left out for what is beyond
    `room`, the bytes of all packets together with the headers of all but one.

    Where nothing has happened, one packet says nil. None at all: there is no room for any. Raises ControlError for an
    argument that is no number; too large a number stands for as many as there may be.
    """
    given = arguments[0] if arguments and arguments[0] is not None else HOW_MANY.default
    told = events(int(HOW_MANY.accept(given).value)) or [(None,)]  # type: ignore[arg-type]
    packets = []
    for said in reversed(told):
        packet = encode(EVENT, said)
        if packet is None:
            continue
        if len(packet) > room:
            break
        room -= len(packet) + HEADERS
        packets.append(packet)
    return packets[::-1]
