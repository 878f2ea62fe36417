"""A program at the other end that only remembers what it was sent."""

from __future__ import annotations

from typing import Any

from pythonosc.osc_message import OscMessage


class Listener:
    """A Peer at a made-up address."""

    def __init__(self, host: str = "127.0.0.1", port: int = 5000) -> None:
        self.host = host
        self.key: tuple[str, str, int] = ("udp", host, port)
        self._packets: list[bytes] = []

    def send(self, packet: bytes) -> None:
        self._packets.append(packet)

    def at_port(self, port: int) -> Listener:
        return Listener(self.host, port)

    def told(self) -> list[tuple[str, list[Any]]]:
        """What has come since this was last asked."""
        messages = [OscMessage(packet) for packet in self._packets]
        self._packets.clear()
        return [(message.address, message.params) for message in messages]
