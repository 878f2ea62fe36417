"""What the OSC server has counted since its start, for the status."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.counts import Count


@dataclass
class OscCounters:
    """Written by the server's thread alone; any thread may read."""

    packets: Count = 0
    messages: Count = 0
    damaged: Count = 0
    """Packets that could not be read."""
    refused: Count = 0
    """Messages that were not taken as they came."""
    ignored: Count = 0
    """Packets and connections of those who are not let in."""
    subscribers: int = 0
    connections: int = 0
    closed: int = 0
    """Connections that were closed for damage, for not reading, for saying nothing, or for being too many."""
    faults: int = 0
    """Packets and rounds that could not be done for a fault of this program."""
