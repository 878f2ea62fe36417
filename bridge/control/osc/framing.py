"""OSC over TCP: where one packet ends and the next begins. Both ways of saying it, told apart by the first byte."""

from __future__ import annotations

import struct
from typing import Protocol

from pythonosc import slip

MAX_PACKET = 2 * 1024 * 1024
"""Bytes. A stream that announces more is no OSC, or not meant well."""
SIZE = struct.Struct(">I")


class DamagedStream(ValueError):
    """Bytes in which no packets can be found; nothing after them makes sense either."""


class Framing(Protocol):
    """One direction's rule; what has come of an unfinished packet is kept until the rest comes."""

    def feed(self, received: bytes) -> list[bytes]:
        """The packets that are now whole, in their order. Raises DamagedStream."""
        ...

    def wrap(self, packet: bytes) -> bytes:
        """A packet as it goes into the stream."""
        ...


def framing_of(first: int) -> Framing:
    """By a stream's first byte: a length below 16 MB begins with 0, SLIP with its END or a packet with / or #."""
    if first == 0:
        return LengthFraming()
    if first in (slip.END[0], ord("/"), ord("#")):
        return SlipFraming()
    raise DamagedStream(f"a stream that begins with {first:#04x} is neither OSC 1.0 nor OSC 1.1")


class LengthFraming:
    """OSC 1.0: four bytes of length before each packet."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        self._held += received
        packets, start = [], 0
        while len(self._held) - start >= SIZE.size:
            size = SIZE.unpack_from(self._held, start)[0]
            if size > MAX_PACKET:
                raise DamagedStream(f"a packet of {size} bytes; the largest has {MAX_PACKET}")
            end = start + SIZE.size + size
            if end > len(self._held):
                break
            packets.append(bytes(self._held[start + SIZE.size : end]))
            start = end
        del self._held[:start]
        return packets

    def wrap(self, packet: bytes) -> bytes:
        return SIZE.pack(len(packet)) + packet


class SlipFraming:
    """OSC 1.1: packets between END bytes (RFC 1055), with or without one in front."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        *finished, rest = received.split(slip.END)
        packets = []
        for part in finished:
            whole = bytes(self._held + part)
            self._held.clear()
            if whole:
                packets.append(_unescaped(whole))
        self._held += rest
        if len(self._held) > MAX_PACKET:
            raise DamagedStream(f"more than {MAX_PACKET} bytes without an end")
        return packets

    def wrap(self, packet: bytes) -> bytes:
        return slip.encode(packet)


def _unescaped(framed: bytes) -> bytes:
    try:
        return slip.decode(framed)
    except slip.ProtocolError as reason:
        raise DamagedStream("an escape that SLIP does not know") from reason
