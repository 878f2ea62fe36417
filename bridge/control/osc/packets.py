"""OSC packets to messages: bundles are taken apart here, their messages read by python-osc's parser.

Its bundle parser is not used: an element of negative size makes it run for ever, and it sorts by time tags. Tags are
not waited for here, as a controller with a wrong clock must not stop the show: a bundle acts when it comes, in its
order.
Damaged packets are an everyday event on a network, and one exception here.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from pythonosc.osc_message import OscMessage, ParseError

MAX_BYTES = 65_507
"""The largest UDP packet."""
MAX_ARGUMENTS = 1024
"""Of one message. The parser takes its time for each, and no control has use for so many."""
MAX_NESTING = 8
"""Bundles within bundles."""
BUNDLE = b"#bundle\0"
BUNDLE_HEADER = len(BUNDLE) + 8  # and the time tag
SIZE = struct.Struct(">i")
NUMBERS = {b",f\0\0": struct.Struct(">f"), b",i\0\0": struct.Struct(">i")}
"""The type tags of the messages that faders send, sixty a second and more: those are read without the parser."""

Argument = bool | int | float | str | bytes | None


class DamagedPacket(ValueError):
    """Bytes that are no OSC packet."""


class Message(NamedTuple):
    address: str
    arguments: tuple[Argument, ...]


def parse(packet: bytes) -> list[Message]:
    """All messages of a packet, those of nested bundles too, in their order. Raises DamagedPacket if any is damaged."""
    number = NUMBERS.get(packet[-8:-4])
    if number is not None and packet.startswith(b"/"):
        address = _address_of_number(packet[:-4])
        if address is not None:
            return [Message(address, number.unpack_from(packet, len(packet) - number.size))]
    return [_message(element) for element in _elements(packet, 0)]


def _elements(packet: bytes, depth: int) -> Iterator[bytes]:
    """The messages in a message or bundle, as bytes."""
    if not packet.startswith(BUNDLE):
        yield packet
        return
    if depth == MAX_NESTING:
        raise DamagedPacket(f"bundles nested more than {MAX_NESTING} deep")
    if len(packet) < BUNDLE_HEADER:
        raise DamagedPacket("a bundle that ends before its time tag")
    start = BUNDLE_HEADER
    while start < len(packet):
        begin = start + SIZE.size
        size = SIZE.unpack_from(packet, start)[0] if begin <= len(packet) else 0
        if size <= 0 or size > len(packet) - begin:
            raise DamagedPacket("a bundle with an element that does not fit into it")
        yield from _elements(packet[begin : begin + size], depth + 1)
        start = begin + size


@lru_cache(maxsize=512)
def _address_of_number(header: bytes) -> str | None:
    """The address in a message that has one number, all but whose four bytes is `header`; None if it is another.

    A fader's messages differ in those four bytes only, so the rest is read once.
    """
    try:
        address = _message(header + bytes(4)).address
    except DamagedPacket:
        return None
    encoded = address.encode()
    plain = encoded + bytes(4 - len(encoded) % 4) + header[-4:]
    return address if plain == header else None


def _message(element: bytes) -> Message:
    if not element.startswith(b"/"):
        raise DamagedPacket(f"{len(element)} bytes that are no OSC message")
    start = (element.find(b"\0") // 4 + 1) * 4
    tags = element[start : start + MAX_ARGUMENTS + 2]  # with the comma, and what must be the end
    if len(tags) == MAX_ARGUMENTS + 2 and b"\0" not in tags:
        raise DamagedPacket(f"a message of more than {MAX_ARGUMENTS} arguments")
    try:
        message = OscMessage(element)
        return Message(message.address, tuple(_arguments(message.params)))
    except (ParseError, ValueError, TypeError, IndexError, OverflowError, struct.error) as reason:
        raise DamagedPacket(f"{len(element)} bytes that are no OSC message ({type(reason).__name__})") from reason


def _arguments(parameters: list[Any]) -> Iterator[Argument]:
    """Plain values. An array counts as its values; what no control takes (MIDI, a time, arrays in arrays) as nil."""
    for parameter in parameters:
        for value in parameter if isinstance(parameter, list) else [parameter]:
            yield value if isinstance(value, Argument) else None


class _NotOfTheParser(logging.Filter):
    """The parser logs a warning to the root logger for each type tag that it does not know: a flood, if sent one."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.module != "osc_message"


logging.getLogger().addFilter(_NotOfTheParser())
