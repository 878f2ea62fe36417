"""How much of a web server anybody may have: connections in all and for each address, time, and bytes.

uvicorn bounds the idle time between two requests, and the bytes of a request's head. What it lets anybody hold for ever
is a request that never gets whole, and an answer that is never read; and it counts nobody's connections.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from .counters import WebCounters
from .hosts import is_loopback

REQUEST_SECONDS = 10.0
"""From the connection, or from the first byte of a further request, until the answer has gone out."""
IDLE_SECONDS = 5
"""Between two requests of a connection."""
PING_SECONDS, PONG_SECONDS = 20.0, 10.0
"""How often a WebSocket is asked whether it is still there, and how long it may take to say so."""
CLOSE_SECONDS = 2.0
"""That a WebSocket may take to read what was sent to it before it was closed."""
MAX_HEAD = 16 * 1024
"""Bytes of a request before its body: address and headers."""
MAX_CONNECTIONS, MAX_CONNECTIONS_EACH = 64, 32
"""Connections that are no WebSockets: of all, and of each address."""
MAX_WEBSOCKETS, MAX_WEBSOCKETS_EACH = 224, 32
"""Of all, and of each address beyond this machine."""

NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    b"too many have this page open; close one and try again\n"
)
TOO_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    b"the request was not whole in time\n"
)


class Places(ServerState):
    """Who has a connection to one server, and who gives way to a newcomer: the one longest without a whole request."""

    def __init__(self, counters: WebCounters) -> None:
        super().__init__()
        self.counters = counters
        self._plain: dict[LimitedHttp, None] = {}
        self._websockets: Counter[str] = Counter()

    def enter(self, newcomer: LimitedHttp) -> bool:
        """Take a place, another's if there is none left; False if all who have one are being answered."""
        own = [one for one in self._plain if one.host == newcomer.host]
        full = own if len(own) >= MAX_CONNECTIONS_EACH else list(self._plain)
        if full is own or len(full) >= MAX_CONNECTIONS:
            waiting = next((one for one in full if not one.busy), None)
            if waiting is None:
                self.counters.not_let_in += 1
                return False
            self.counters.gave_way += 1
            waiting.abort()
        self._plain[newcomer] = None
        self._count()
        return True

    def leave(self, one: LimitedHttp) -> None:
        """Give the place back, if it still has one."""
        self._plain.pop(one, None)
        self._count()

    def served(self, one: LimitedHttp) -> None:
        """It has asked something sensible, and so is the last to give way."""
        if one in self._plain:
            del self._plain[one]
            self._plain[one] = None
        self.counters.answers += 1

    def has_room_for_websocket(self, host: str) -> bool:
        """Whether another WebSocket of this address may be opened."""
        room = self._websockets.total() < MAX_WEBSOCKETS
        if room and (is_loopback(host) or self._websockets[host] < MAX_WEBSOCKETS_EACH):
            return True
        self.counters.not_let_in += 1
        return False

    def count_websocket(self, host: str, change: int) -> None:
        """One more (1) or one less (-1) of this address."""
        self._websockets[host] += change
        if not self._websockets[host]:
            del self._websockets[host]
        self.counters.websockets = self._websockets.total()

    def _count(self) -> None:
        self.counters.connections = len(self._plain)


class LimitedHttp(H11Protocol):
    """An HTTP connection that has a place, and so much time for each request."""

    places: Places
    host = ""
    _deadline: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, server_state: Places, **named: Any) -> None:
        super().__init__(*args, server_state=server_state, **named)
        self.places = server_state

    @property
    def busy(self) -> bool:
        """Whether a whole request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.host = self.client[0] if self.client else ""
        if not self.places.enter(self):
            transport.write(NO_ROOM)
            transport.abort()
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self.places.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._begin()
        super().data_received(data)

    def on_response_complete(self) -> None:
        self._end()
        self.places.served(self)
        super().on_response_complete()  # which may begin with a request that has come meanwhile
        if not self._idle:
            self._begin()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._end()
        self.places.leave(self)
        if self.places.has_room_for_websocket(self.host):
            super().handle_websocket_upgrade(event)
        else:
            self.transport.write(NO_ROOM)
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self.places.counters.damaged += 1
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()  # in the middle of an answer there is no room for another
        elif self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:  # it was answered before its body was damaged
            self.transport.close()

    def abort(self) -> None:
        """Close it at once, with what is on its way; give the place back."""
        self.places.leave(self)
        self.transport.abort()

    @property
    def _idle(self) -> bool:
        """Whether all that was asked is answered, and all answers are read."""
        unread = self.transport.is_closing() or self.transport.get_write_buffer_size() > 0
        return not unread and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _begin(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._too_late)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self.places.counters.timed_out += 1
        if self.cycle is None or (self.cycle.response_complete and not self.transport.is_closing()):
            self.transport.write(TOO_LATE)
        self.abort()


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that has a place, and is gone soon after it is closed, whether the other end reads or not."""

    places: Places
    host = ""

    def __init__(self, *args: Any, server_state: Places, **named: Any) -> None:
        super().__init__(*args, server_state=server_state, **named)
        self.places = server_state

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.host = self.client[0] if self.client else ""
        self.places.count_websocket(self.host, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.places.count_websocket(self.host, -1)
        super().connection_lost(exc)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.places.counters.timed_out += 1
        self.transport.abort()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(CLOSE_SECONDS, self.transport.abort)
