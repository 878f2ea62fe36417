"""OSC packets to messages.

Written by hand, as python-osc's parser skips the tag of a type that it does not know but not its bytes, so that every
later argument is misread; takes no text but UTF-8; and runs for ever on a bundle's element of negative size. Time tags
are not waited for here, as a controller with a wrong clock must not stop the show: a bundle acts when it comes, in its
order.
Damaged packets are an everyday event on a network, and one exception here. Where a packet is sound and one of its
messages can't be read, the others are kept: that one says why in its `fault`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from .texts import read_text

MAX_BYTES = 65_507
"""The largest UDP packet."""
MAX_ARGUMENTS = 1024
"""Of one message; no control has use for so many."""
MAX_MESSAGES = 4096
"""Of one packet. Every control at once is a tenth of it."""
MAX_ARGUMENTS_IN_ALL = 16 * 1024
"""Of the messages of one packet together."""
MAX_NESTING = 8
"""Bundles within bundles."""
BUNDLE = b"#bundle\0"
BUNDLE_HEADER = len(BUNDLE) + 8  # and the time tag
SIZE = struct.Struct(">i")
FAST = {b",f\0\0": struct.Struct(">f"), b",i\0\0": struct.Struct(">i")}
"""The type tags of the messages that faders send, sixty a second and more: those are read at one go."""
MAX_FAST = 256
"""Bytes of such a message. What is remembered of them must not grow with what somebody sends."""

NUMBERS = {"i": struct.Struct(">i"), "f": struct.Struct(">f"), "h": struct.Struct(">q"), "d": struct.Struct(">d")}
VALUES = {"T": True, "F": False, "N": None, "I": None}
"""Types without bytes. An impulse (I) says only that it happens, as nil does."""
NO_VALUE = {"t": 8, "r": 4, "m": 4}
"""Bytes of what no control takes: times, colours and MIDI. They count as nil."""
TEXTS = ("s", "S")

Argument = bool | int | float | str | bytes | None


class DamagedPacket(ValueError):
    """Bytes that are no OSC packet."""


class Unreadable(ValueError):
    """Why the arguments of a message can't be read."""


class Message(NamedTuple):
    """read_as: the encoding that its texts were read in, if that was not UTF-8. fault: why its arguments can't be read;
    it has none then.
    """

    address: str
    arguments: tuple[Argument, ...] = ()
    read_as: str = ""
    fault: str = ""


def parse(packet: bytes) -> list[Message]:
    """All messages of a packet, those of nested bundles too, in their order. Raises DamagedPacket."""
    number = FAST.get(packet[-8:-4]) if len(packet) <= MAX_FAST else None
    if number is not None and packet.startswith(b"/"):
        address = _address_of_number(packet[:-4])
        if address is not None:
            return [Message(address, number.unpack_from(packet, len(packet) - number.size))]
    if packet.startswith(BUNDLE):
        return _messages(packet)
    return [_message(packet)]


def _messages(bundle: bytes) -> list[Message]:
    """Those of a bundle, without what in it is no message at all."""
    messages: list[Message] = []
    arguments = 0
    for element in _elements(bundle, 0):
        try:
            message = _message(element)
        except DamagedPacket as reason:
            message = Message("", fault=str(reason))
        arguments += len(message.arguments)
        messages.append(message)
        if len(messages) > MAX_MESSAGES or arguments > MAX_ARGUMENTS_IN_ALL:
            raise DamagedPacket(f"a bundle of more than {MAX_MESSAGES} messages or {MAX_ARGUMENTS_IN_ALL} arguments")
    return messages


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
        message = _message(header + bytes(4))
    except DamagedPacket:
        return None
    encoded = message.address.encode()
    plain = encoded + bytes(4 - len(encoded) % 4) + header[-4:]
    return message.address if plain == header else None


def _message(element: bytes) -> Message:
    if not element.startswith(b"/") or b"\0" not in element:
        raise DamagedPacket(f"{len(element)} bytes that are no OSC message")
    raw, start = _padded_text(element, 0)
    address, read_as = read_text(raw)
    reader = Reader(element, start)
    try:
        arguments = tuple(reader.arguments())
    except (Unreadable, struct.error) as reason:
        said = str(reason) if isinstance(reason, Unreadable) else "it ends before its arguments do"
        return Message(address, fault=f"a message that can't be read: {said}")
    return Message(address, arguments, reader.read_as or read_as)


class Reader:
    """Reads the arguments of a message from where its type tags begin. read_as: as in Message."""

    def __init__(self, element: bytes, start: int) -> None:
        self._element, self._place = element, start
        self.read_as = ""

    def arguments(self) -> Iterator[Argument]:
        """Plain values. An array counts as its values; what no control takes, arrays in arrays too, as nil.

        Raises Unreadable or struct.error.
        """
        depth = 0
        for tag in self._tags():
            if tag == "[":
                depth += 1
                if depth == 2:
                    yield None
            elif tag == "]":
                depth -= 1
                if depth < 0:
                    raise Unreadable("a bracket closes an array that was never opened")
            else:
                value = self._value(tag)
                if depth < 2:
                    yield value
        if depth:
            raise Unreadable("the brackets of an array do not close")

    def _tags(self) -> str:
        """The type tags, without their comma. A message that ends with its address has no arguments."""
        if self._place >= len(self._element):
            return ""
        if self._element[self._place : self._place + 1] != b",":
            if not any(self._element[self._place :]):
                return ""
            raise Unreadable("it has arguments but no type tags; have its sender add them, as in ,f")
        if self._element.find(b"\0", self._place, self._place + MAX_ARGUMENTS + 2) < 0:
            raise Unreadable(f"it has more than {MAX_ARGUMENTS} arguments, or its type tags do not end")
        return self._text().decode("latin-1")[1:]

    def _value(self, tag: str) -> Argument:
        if tag in NUMBERS:
            (number,) = NUMBERS[tag].unpack(self._bytes(NUMBERS[tag].size))
            return number
        if tag in VALUES:
            return VALUES[tag]
        if tag in TEXTS:
            text, read_as = read_text(self._text())
            self.read_as = read_as or self.read_as
            return text
        if tag == "b":
            return self._blob()
        if tag == "c":
            return _character(int.from_bytes(self._bytes(4), "big"))
        if tag not in NO_VALUE:
            raise Unreadable(f"nobody knows the length of type {tag!r}; have its sender use i, f, s, h, d, T or F")
        self._bytes(NO_VALUE[tag])
        return None

    def _bytes(self, count: int) -> bytes:
        found = self._element[self._place : self._place + count]
        self._place += count
        return found

    def _text(self) -> bytes:
        text, self._place = _padded_text(self._element, self._place)
        return text

    def _blob(self) -> bytes:
        (size,) = SIZE.unpack(self._bytes(SIZE.size))
        if not 0 <= size <= len(self._element) - self._place:
            raise Unreadable("it ends before its blob does")
        blob = self._bytes(size)
        self._place += -size % 4
        return blob


def _padded_text(element: bytes, start: int) -> tuple[bytes, int]:
    """The bytes of a text, and where what follows it begins."""
    end = element.find(b"\0", start)
    if end < 0:
        raise Unreadable("it ends before its text does")
    return element[start:end], end // 4 * 4 + 4


def _character(code: int) -> str | None:
    """A `c` as a text, None for what is no character."""
    try:
        return chr(code) if code and not 0xD800 <= code < 0xE000 else None
    except (ValueError, OverflowError):
        return None
