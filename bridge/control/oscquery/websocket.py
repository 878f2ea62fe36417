"""One WebSocket of an OSCQuery client: what it listens to, what it was told, and what it sets."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.threads import report
from bridge.web.access import Access

from ..mailbox import Mailbox
from ..normalised import NormalisedControl
from ..osc.counters import OscCounters
from ..osc.dispatch import Dispatcher
from ..osc.packets import DamagedPacket, Message, parse
from ..osc.peers import encode
from ..osc.subscribers import ROUND_SECONDS, Subscribers
from ..parameters import LISTS, ControlError, ControlTable

MAX_ANSWERS = 256
"""Packets of answers that wait for a client that does not read them; of more the oldest are lost."""
UNKNOWN = object()
"""What a client knows of a value that it was never told: no value equals it."""


class Listener:
    """Keeps one client up to date until it leaves, and takes OSC packets from it as the OSC server does.

    A client gets the value of an address as soon as it listens to it, and then whenever the value is another than it
    knows. What it has set itself it knows, unless the control took something else. A slow client gets the latest
    values, never a backlog: no value is queued for it. Triggers and events hold no value, and so give none.
    """

    def __init__(
        self,
        socket: WebSocket,
        table: ControlTable,
        normalised: Mapping[str, NormalisedControl],
        mailbox: Mailbox,
        access: Access,
        counters: OscCounters,
    ) -> None:
        self._socket, self._table, self._mailbox = socket, table, mailbox
        self.host, port = socket.client or ("", 0)
        self.key: tuple[str, str, int] = ("ws", self.host, port)
        self._known: dict[str, Any] = {}
        self._answers: deque[bytes] = deque(maxlen=MAX_ANSWERS)
        self._subscribers = Subscribers(table, normalised.values(), mailbox, counters)
        self._dispatcher = Dispatcher(table, normalised, mailbox, self._subscribers, access, counters, {})

    async def run(self, stopping: threading.Event) -> None:
        """Until the client leaves (WebSocketDisconnect) or `stopping` is set."""
        hearing = asyncio.create_task(self._hear())
        try:
            while not stopping.is_set() and not hearing.done():
                await self._tell_values()
                self._subscribers.round()
                await self._tell_answers()
                await asyncio.wait([hearing], timeout=ROUND_SECONDS)
        finally:
            hearing.cancel()
        if hearing.done():
            hearing.result()

    def send(self, packet: bytes) -> None:
        """As the dispatcher's peer: what is to be told beside the values."""
        self._answers.append(packet)

    def at_port(self, port: int) -> Listener:
        """A connection has no ports."""
        return self

    async def _hear(self) -> None:
        while True:
            event = await self._socket.receive()
            if event["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(event["code"])
            try:
                self._do(event)
            except Exception as error:  # noqa: BLE001 - of whoever listens to a value; the client stays
                report("oscquery", error)
                self._dispatcher.replies.refuse("/", f"that could not be done: {type(error).__name__}: {error}", self)
            await self._tell_answers()

    def _do(self, event: Mapping[str, Any]) -> None:
        """What one message asks: binary ones are OSC, the others JSON."""
        if event.get("bytes") is not None:
            self._receive(event["bytes"])
        else:
            self._command(event.get("text") or "")

    def _command(self, text: str) -> None:
        """Do what a JSON message asks, or say why not."""
        try:
            asked = json.loads(text)
            command, address = asked["COMMAND"], asked["DATA"]
            row = self._table[address] if command in ("LISTEN", "IGNORE") else None
        except ControlError as reason:
            self._dispatcher.replies.refuse(address, str(reason), self)
            return
        except (ValueError, TypeError, KeyError, RecursionError):
            row = None
        if row is None:
            understood = 'LISTEN and IGNORE are understood, as {"COMMAND": "LISTEN", "DATA": "/vace/scale"}'
            self._dispatcher.replies.refuse("/", understood, self)
        elif command == "IGNORE":
            self._known.pop(row.address, None)
        elif row.holds:
            self._known[row.address] = UNKNOWN

    def _receive(self, packet: bytes) -> None:
        """Do what an OSC packet says, and remember what the client thinks that it has set."""
        with suppress(DamagedPacket):  # which the dispatcher notes
            for message in parse(packet):
                if message.address in self._known:
                    self._known[message.address] = self._sent(message)
        self._dispatcher.receive(packet, self)
        self._dispatcher.flush()

    def _sent(self, message: Message) -> Any:
        if self._table[message.address].type in LISTS:
            return message.arguments
        return message.arguments[0] if message.arguments else UNKNOWN

    async def _tell_values(self) -> None:
        for address in list(self._known):
            value = self._mailbox.get(address)
            known = self._known.get(address, value)  # ignored, maybe, while others were told
            # A switch and the 0 or 1 it was set by are equal, and so are a number and its 32-bit float.
            if known is UNKNOWN or known != value:
                self._known[address] = value
                packet = encode(address, value if isinstance(value, tuple) else [value])
                if packet is not None:
                    await self._socket.send_bytes(packet)

    async def _tell_answers(self) -> None:
        while self._answers:
            await self._socket.send_bytes(self._answers.popleft())
