"""One WebSocket of an OSCQuery client: what it listens to, what it was told, and what it sets."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder
from starlette.websockets import WebSocket, WebSocketDisconnect

from .mailbox import Mailbox
from .osc import ERRORS_PER_SECOND, MAX_ECHO, Budget
from .packets import DamagedPacket, parse
from .parameters import ControlError, ControlTable
from .setting import settings_in

TICK_SECONDS = 1 / 30
"""Between two looks at the values: a client gets the latest of each at most thirty times a second."""
UNKNOWN = object()
"""What a client knows of a value that it was never told: no value equals it."""


class Listener:
    """Keeps one client up to date until it leaves.

    A client gets the value of an address as soon as it listens to it, and then whenever the value is another than it
    knows. What it has set itself it knows, unless the control took something else. A slow client gets the latest
    values, never a backlog: nothing is queued for it. Triggers and events hold no value, and so give none.
    """

    def __init__(self, socket: WebSocket, table: ControlTable, mailbox: Mailbox) -> None:
        self._socket, self._table, self._mailbox = socket, table, mailbox
        self._origin = f"oscquery {':'.join(map(str, socket.client or ()))}"
        self._known: dict[str, Any] = {}
        self._errors = Budget(ERRORS_PER_SECOND)

    async def run(self, stopping: threading.Event) -> None:
        """Until the client leaves (WebSocketDisconnect) or `stopping` is set."""
        hearing = asyncio.create_task(self._hear())
        try:
            while not stopping.is_set() and not hearing.done():
                await self._tell_values()
                await asyncio.wait([hearing], timeout=TICK_SECONDS)
        finally:
            hearing.cancel()
        if hearing.done():
            hearing.result()

    async def _hear(self) -> None:
        while True:
            event = await self._socket.receive()
            if event["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(event["code"])
            if event.get("bytes") is not None:
                reasons = self._set(event["bytes"])
            else:
                reasons = self._command(event.get("text") or "")
            for address, reason in reasons:
                if self._errors.take():
                    await self._send("/vace/error", [address[:MAX_ECHO], reason])

    def _command(self, text: str) -> list[tuple[str, str]]:
        """Do what a JSON message asks; what the client should be told if that can't be done."""
        try:
            asked = json.loads(text)
            command, address = asked["COMMAND"], asked["DATA"]
            row = self._table[address] if command in ("LISTEN", "IGNORE") else None
        except ControlError as reason:
            return [(address, str(reason))]
        except (ValueError, TypeError, KeyError, RecursionError):
            row = None
        if row is None:
            return [("/", 'LISTEN and IGNORE are understood, as {"COMMAND": "LISTEN", "DATA": "/vace/scale"}')]
        if command == "IGNORE":
            self._known.pop(row.address, None)
        elif row.holds:
            self._known[row.address] = UNKNOWN
        return []

    def _set(self, packet: bytes) -> list[tuple[str, str]]:
        """Take an OSC packet's values together; what the client should be told of them."""
        try:
            messages = parse(packet)
        except DamagedPacket as reason:
            return [("/", str(reason))]
        settings, reasons = [], []
        for message in messages:
            taken, refused = settings_in(message, self._table)
            settings += taken
            reasons += refused
        reasons += self._mailbox.take(settings, self._origin)
        self._known.update((address, value) for address, value in settings if address in self._known)
        return reasons

    async def _tell_values(self) -> None:
        for address in list(self._known):
            value = self._mailbox.get(address)
            known = self._known.get(address, value)  # ignored, maybe, while others were told
            # A switch and the 0 or 1 it was set by are equal, and so are a number and its 32-bit float.
            if known is UNKNOWN or known != value:
                self._known[address] = value
                await self._send(address, value if isinstance(value, tuple) else [value])

    async def _send(self, address: str, arguments: Iterable[Any]) -> None:
        builder = OscMessageBuilder(address)
        for argument in arguments:
            builder.add_arg(argument)
        await self._socket.send_bytes(builder.build().dgram)
