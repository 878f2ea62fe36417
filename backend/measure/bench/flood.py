"""The other end of the OSC rows: processes that send. They import nothing heavy."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

LOTS_PER_SECOND = 1000
ANSWER_SECONDS = 2.0
PROBES_PER_SECOND = 50


def value_of(number: int) -> float:
    """What message `number` carries, 0 to 1, as the 32 bits that it travels in."""
    return struct.unpack(">f", struct.pack(">f", number * 0.6180339887 % 1.0))[0]


def flood(host: str, port: int, addresses: Sequence[str], per_second: int, seconds: float, told: Connection) -> None:
    """Send so many messages a second, address after address, evenly; 0 is as many as go. Tells how many there were."""
    headers = [build_msg(address, 0.0).dgram[:-4] for address in addresses]
    sent, began = 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((host, port))
        while (now := time.monotonic() - began) < seconds:
            due = int(now * per_second) if per_second else sent + 100
            while sent < due:
                try:
                    sender.send(headers[sent % len(headers)] + struct.pack(">f", value_of(sent)))
                except OSError:  # nobody listens yet, or any more
                    time.sleep(0.001)
                sent += 1
            if per_second:
                time.sleep(1 / LOTS_PER_SECOND)
    told.send(sent)


def probe(host: str, port: int, address: str, seconds: float, told: Connection) -> None:
    """Set a control to 1, 2, 3, ... Tells when each was sent, on the clock that all processes share."""
    sent: list[float] = []
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((host, port))
        while time.monotonic() < end:
            packet = build_msg(address, len(sent) + 1).dgram
            sent.append(time.monotonic())
            sender.send(packet)
            time.sleep(1 / PROBES_PER_SECOND)
    told.send(sent)


def ask(host: str, port: int, address: str) -> float | None:
    """The value of a control; None if there is no answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.connect((host, port))
        asker.settimeout(ANSWER_SECONDS)
        asker.send(build_msg("/vace/get", address).dgram)
        try:
            return OscMessage(asker.recv(65536)).params[0]
        except OSError:
            return None
