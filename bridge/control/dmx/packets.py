"""DMX as it comes by network: E1.31 (sACN) and Art-Net packets, and which of several desks is listened to.

Layouts: ANSI E1.31-2018, section 4; Art-Net 4, "ArtDmx". Slots are a universe's channels, one byte each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SLOTS = 512
E131_HEADER = struct.Struct(">HH12s HI16s HI64sBHBBH HBBHHHB")
E131_MARKS = (0x0010, 0x0000, b"ASC-E1.17\0\0\0")
ROOT_DATA, FRAMING_DATA, PROPERTY_SET = 4, 2, (0x02, 0xA1, 0, 1)
PREVIEW, TERMINATED = 0x80, 0x40
ARTNET_HEADER = struct.Struct("<8sH 2s BB H 2s")
ARTNET_NAME, ARTNET_DMX = b"Art-Net\0", 0x5000
REORDERED = 20
"""A packet whose number lies so little behind the last one's came late; further behind, the sender began anew."""
SILENT_SECONDS = 2.5
"""After which a sender counts as gone (E1.31's network data loss timeout)."""


@dataclass(frozen=True)
class DmxPacket:
    """One universe at one moment. source tells senders apart. number: 0 to 255, None if the sender does not count."""

    universe: int
    slots: bytes
    source: bytes
    priority: int = 100
    number: int | None = None
    ends: bool = False
    """The sender says goodbye: there is nothing in it."""


def parse_sacn(data: bytes) -> DmxPacket | None:
    """A data packet of E1.31; None for everything else: damaged, a preview for nobody's eyes, another start code."""
    if len(data) < E131_HEADER.size:
        return None
    (preamble, postamble, name, _, root, cid, _, framing, _, priority, _, number, options, universe, _, vector, kind,
     first, step, count, start_code) = E131_HEADER.unpack_from(data)  # fmt: skip
    slots = data[E131_HEADER.size : E131_HEADER.size + SLOTS]
    if (preamble, postamble, name) != E131_MARKS or (root, framing) != (ROOT_DATA, FRAMING_DATA):
        return None
    if (vector, kind, first, step) != PROPERTY_SET or start_code != 0 or options & PREVIEW:
        return None
    if not 1 <= count <= SLOTS + 1 or len(slots) < count - 1:
        return None
    return DmxPacket(universe, slots[: count - 1], cid, min(priority, 200), number, bool(options & TERMINATED))


def parse_artnet(data: bytes, source: bytes = b"") -> DmxPacket | None:
    """An ArtDmx packet; None for everything else. source: who sent it, as the packet does not say."""
    if len(data) < ARTNET_HEADER.size:
        return None
    name, operation, _, number, _, universe, length = ARTNET_HEADER.unpack_from(data)
    count = int.from_bytes(length, "big")
    slots = data[ARTNET_HEADER.size : ARTNET_HEADER.size + count]
    if (name, operation) != (ARTNET_NAME, ARTNET_DMX) or not 1 <= count <= SLOTS or len(slots) < count:
        return None
    return DmxPacket(universe, slots, source, number=number or None)


class Desks:
    """Which sender of a universe counts: the one of the highest priority, the first of equals, until it is silent."""

    def __init__(self) -> None:
        self._source: bytes | None = None
        self._priority = 0
        self._number: int | None = None
        self._heard = 0.0

    def counts(self, packet: DmxPacket, now: float) -> bool:
        """Whether this packet is to be done."""
        if packet.source != self._source:
            silent = self._source is None or now - self._heard > SILENT_SECONDS
            if packet.ends or not (silent or packet.priority > self._priority):
                return False
            self._source, self._number = packet.source, None
        elif packet.ends:
            self._source = None
            return False
        elif packet.number is not None and self._number is not None:
            behind = (self._number - packet.number) % 256
            if behind < REORDERED and now - self._heard <= SILENT_SECONDS:
                return False
        self._priority, self._number, self._heard = packet.priority, packet.number, now
        return True
