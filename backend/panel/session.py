"""One open page: what it is told, and what it asks for.

Both ways JSON, except previews, which are binary (see previews.py): one without a JPEG has gone.
    to the page    {"kind": "table", "controls": [row, ...]}         once
                   {"kind": "elsewhere", "url": address}              once, to this machine: how others get here
                   {"kind": "values", "values": {address: value}}    what has changed, whoever set it
                   {"kind": "status", "status": {name: value}}
                   {"kind": "report", "reason": text}                 a value was refused or clamped
    from the page  {"kind": "set", "address": address, "value": value}
"""

import asyncio
import json
import math
import threading
from collections.abc import Callable, Mapping

from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlTable
from bridge.threads import report

from .previews import Previews, message

TICK_SECONDS = 0.05
STATUS_TICKS = 5  # four times a second: figures that change faster can't be read
CLOSED_ABNORMALLY = 1006
"""The code of a connection that ended without one (RFC 6455, section 7.4.1)."""
NO_STATUS = {"state": "unknown"}
"""What a page is told while nobody can say how the show is doing."""


class PageSession:
    """Keeps one page up to date until it leaves; a slow page gets the latest, never a backlog.

    here: whether the page is on this machine, and may name more files than others. elsewhere: the address for other
    machines, None if there is none.
    """

    def __init__(
        self,
        socket: WebSocket,
        table: ControlTable,
        mailbox: Mailbox,
        status: Callable[[], Mapping[str, object]],
        previews: Previews,
        here: bool,
        elsewhere: str | None,
    ):
        self._socket, self._table, self._mailbox = socket, table, mailbox
        self._status, self._previews = status, previews
        self._here = here
        self._elsewhere = elsewhere if here else None
        self._shown: dict[str, object] = {}
        self._sent_previews: dict[str, bytes] = {}

    async def run(self, stopping: threading.Event) -> None:
        """Until the page leaves (WebSocketDisconnect) or `stopping` is set."""
        rows = [row.describe() for row in self._table]
        await self._notify(kind="table", controls=rows)
        if self._elsewhere is not None:
            await self._notify(kind="elsewhere", url=self._elsewhere)
        listening = asyncio.create_task(self._listen())
        try:
            tick = 0
            while not stopping.is_set() and not listening.done():
                await self._send_values()
                if tick % STATUS_TICKS == 0:
                    await self._send(self._status_message())
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
            if reason := self._receive(event.get("text") or ""):
                await self._notify(kind="report", reason=reason)

    def _receive(self, text: str) -> str | None:
        """Do what the page asks; what it should be told if that was not exactly possible."""
        try:
            asked = json.loads(text)
            address, value = asked["address"], asked["value"]
        except (ValueError, TypeError, KeyError, RecursionError):
            address, value = None, None
        if not isinstance(address, str):
            return "the page sent a message that can't be read; reload it"
        self._shown.pop(address, None)  # so that the page is told what the value is now, even if nothing changed
        return self._mailbox.set(address, value, here=self._here)

    def _status_message(self) -> str:
        """What the program says of itself; that it can't, where it fails."""
        try:
            return json.dumps({"kind": "status", "status": plain(self._status())})
        except Exception as error:  # noqa: BLE001 - a page steers a show whose state it can't see
            report("panel status", error)
            return json.dumps({"kind": "status", "status": NO_STATUS})

    async def _send_values(self) -> None:
        values = self._mailbox.snapshot()
        changed = {address: value for address, value in values.items() if self._shown.get(address) != value}
        if changed:
            self._shown.update(changed)
            await self._notify(kind="values", values=changed)

    async def _send_previews(self) -> None:
        messages = self._previews.messages()
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
