"""One open page: what it is told, and what it asks for.

Both ways JSON, except previews, which are binary (see previews.py): one without a JPEG has gone.
    to the page    {"kind": "table", "controls": [row, ...]}         once
                   {"kind": "elsewhere", "url": address}              once, to this machine: how others get here
                   {"kind": "values", "values": {address: value}}    what has changed, whoever set it
                   {"kind": "status", "status": {name: value}, "trouble": why the show needs somebody, or null}
                   {"kind": "events", "events": [event, ...]}         what has gone wrong, as /events has it
                   {"kind": "lists", "presets": [name, ...], "cues": [name, ...]}
                   {"kind": "report", "address": address, "reason": text}   a value was refused or clamped
    from the page  {"kind": "set", "address": address, "value": value}
"""

import asyncio
import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlTable
from bridge.threads import report

from ..front.status import FrontStatus
from .health import trouble
from .previews import Previews, message

TICK_SECONDS = 0.05
STATUS_TICKS = 5  # four times a second: figures that change faster can't be read
CLOSED_ABNORMALLY = 1006
"""The code of a connection that ended without one (RFC 6455, section 7.4.1)."""
EVENTS = 100
"""Of the list of what has gone wrong, a page shows so many."""
NO_STATUS = {"kind": "status", "status": {"state": "unknown"}, "trouble": "how the show is doing can't be told"}
"""What a page is told while nobody can say how the show is doing."""


@dataclass(frozen=True)
class PageContent:
    """What all pages of a show are made of; the fields are explained at `Panel`."""

    table: ControlTable
    mailbox: Mailbox
    status: Callable[[], FrontStatus]
    events: Callable[[int], list[dict[str, object]]]
    lists: Callable[[], dict[str, list[str]]]
    previews: Previews

    def slow_messages(self) -> dict[str, str]:
        """By kind: what a person reads, and need not know at once. What can't be had is told, and left out."""
        messages = {"status": json.dumps(NO_STATUS)}
        try:
            status = self.status()
            said: dict[str, object] = {"status": plain(status.as_dict()), "trouble": trouble(status)}
            messages["status"] = json.dumps({"kind": "status"} | said)
            messages["events"] = json.dumps({"kind": "events", "events": self.events(EVENTS)})
            messages["lists"] = json.dumps({"kind": "lists"} | self.lists())
        except Exception as error:  # noqa: BLE001 - a page steers a show whose state it can't see
            report("panel status", error)
        return messages


class PageSession:
    """Keeps one page up to date until it leaves; a slow page gets the latest, never a backlog.

    here: whether the page is on this machine, and may name more files than others. elsewhere: the address for other
    machines, None if there is none.
    """

    def __init__(
        self,
        socket: WebSocket,
        content: PageContent,
        here: bool,
        elsewhere: str | None,
    ):
        self._socket, self._content, self._mailbox = socket, content, content.mailbox
        self._here = here
        self._elsewhere = elsewhere if here else None
        self._shown: dict[str, object] = {}
        self._sent_previews: dict[str, bytes] = {}
        self._sent: dict[str, str] = {}

    async def run(self, stopping: threading.Event) -> None:
        """Until the page leaves (WebSocketDisconnect) or `stopping` is set."""
        rows = [row.describe() for row in self._content.table]
        await self._notify(kind="table", controls=rows)
        if self._elsewhere is not None:
            await self._notify(kind="elsewhere", url=self._elsewhere)
        listening = asyncio.create_task(self._listen())
        try:
            tick = 0
            while not stopping.is_set() and not listening.done():
                await self._send_values()
                if tick % STATUS_TICKS == 0:
                    await self._send_slow_messages()
                await self._send_previews()
                tick += 1
                await asyncio.wait([listening], timeout=TICK_SECONDS)
        finally:
            listening.cancel()
        if listening.done():
            listening.result()

    async def _listen(self) -> None:
        while True:
            event = await self._socket.receive()
            if event["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(event["code"])
            for blamed, reason in self._receive(event.get("text") or ""):
                await self._notify(kind="report", address=blamed, reason=reason)

    def _receive(self, text: str) -> list[tuple[str, str]]:
        """Do what the page asks; the address and the reason of each thing that was not exactly possible."""
        try:
            asked = json.loads(text)
            address, value = asked["address"], asked["value"]
        except (ValueError, TypeError, KeyError, RecursionError):
            address, value = None, None
        if not isinstance(address, str):
            return [("", "the page sent a message that can't be read; reload it")]
        self._shown.pop(address, None)  # so that the page is told what the value is now, even if nothing changed
        return self._mailbox.apply([(address, value)], here=self._here)

    async def _send_slow_messages(self) -> None:
        """The status always, as a sign of life; the rest where it has changed."""
        for kind, text in self._content.slow_messages().items():
            if kind == "status" or self._sent.get(kind) != text:
                self._sent[kind] = text
                await self._send(text)

    async def _send_values(self) -> None:
        values = self._mailbox.snapshot()
        changed = {address: value for address, value in values.items() if self._shown.get(address) != value}
        if changed:
            self._shown.update(changed)
            await self._notify(kind="values", values=changed)

    async def _send_previews(self) -> None:
        messages = self._content.previews.messages()
        gone = {name: message(name, None) for name in self._sent_previews if name not in messages}
        for name, preview in (messages | gone).items():
            if self._sent_previews.get(name) != preview:
                self._sent_previews[name] = preview
                await self._send(preview)

    async def _notify(self, **message: object) -> None:
        await self._send(json.dumps(message))

    async def _send(self, message: str | bytes) -> None:
        """WebSocketDisconnect where the page has gone, or was sent away for what it had sent."""
        try:
            await (self._socket.send_text(message) if isinstance(message, str) else self._socket.send_bytes(message))
        except RuntimeError as closed:  # what the server says of a connection that it has closed itself
            raise WebSocketDisconnect(CLOSED_ABNORMALLY) from closed


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """What JSON can carry: a figure that is not a number yet becomes null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }
