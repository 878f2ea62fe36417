"""One who sends OSC to the program, and hears what it answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from bridge.control.osc.packets import DamagedPacket, Message, parse
from bridge.control.osc.peers import encode

MOST_BYTES = 65_536
ERROR = "/vace/error"


class OscClient:
    """Sends from a port of its own to 127.0.0.1:port; answers are read from there, each once."""

    def __init__(self, port: int) -> None:
        self._program = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)

    def send(self, address: str, *arguments: object) -> None:
        packet = encode(address, arguments)
        assert packet is not None, f"OSC cannot say {arguments!r}"
        self.send_packet(packet)

    def send_packet(self, packet: bytes) -> None:
        """Bytes as they are, whatever they mean."""
        self._socket.sendto(packet, self._program)

    def receive(self) -> list[Message]:
        """What has come since the last call; what is no OSC is left out."""
        messages: list[Message] = []
        while True:
            try:
                packet = self._socket.recv(MOST_BYTES)
            except OSError:  # nothing more, or on Windows that the program is not there
                return messages
            try:
                messages += parse(packet)
            except DamagedPacket:
                continue

    def wait_for(self, wanted: Callable[[Message], bool], seconds: float) -> Message | None:
        """The first message that is wanted; the others before it are forgotten. None if none comes in time."""
        end = time.monotonic() + seconds
        while True:
            for message in self.receive():
                if wanted(message):
                    return message
            if time.monotonic() > end:
                return None
            time.sleep(0.01)

    def wait_for_error(self, address: str, seconds: float) -> str | None:
        """The reason in the first `/vace/error` about that address; "" for any address."""
        told = self.wait_for(
            lambda message: message.address == ERROR and address in message.arguments[:1] + ("",), seconds
        )
        return None if told is None else str(told.arguments[-1])

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> OscClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
