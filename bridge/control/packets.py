"""OSC packets to messages, by python-osc's parser, with its traps closed.

Time tags are not waited for: a controller with a wrong clock must not stop the show, so a bundle acts when it comes.
Damaged packets are an everyday event on a network, and one exception here.
"""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass
from typing import Any

from pythonosc.osc_packet import OscPacket, ParseError

MAX_BYTES = 65_507
"""The largest UDP packet."""


class DamagedPacket(ValueError):
    """Bytes that are no OSC packet."""


@dataclass(frozen=True)
class Message:
    address: str
    arguments: tuple[Any, ...]


def parse(packet: bytes) -> list[Message]:
    """All messages of a packet, those of nested bundles too, in their order. Raises DamagedPacket."""
    try:
        messages = [timed.message for timed in OscPacket(packet).messages]
        return [Message(message.address, tuple(message.params)) for message in messages]
    except (ParseError, ValueError, TypeError, IndexError, OverflowError, RecursionError, struct.error) as reason:
        raise DamagedPacket(f"{len(packet)} bytes that are no OSC packet ({type(reason).__name__})") from reason


class _NotOfTheParser(logging.Filter):
    """The parser logs a warning to the root logger for each type tag that it does not know: a flood, if sent one."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.module not in ("osc_message", "osc_bundle")


logging.getLogger().addFilter(_NotOfTheParser())
