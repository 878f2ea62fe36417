"""A web server of our own in the front process: one application, one port, one thread."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any
from urllib.parse import quote

import uvicorn
from starlette.types import ASGIApp

from bridge.threads import GuardedThread, report

from .counters import WebCounters
from .hosts import is_loopback, reachable_address, url_of
from .limits import IDLE_SECONDS, MAX_HEAD, PING_SECONDS, PONG_SECONDS, LimitedHttp, LimitedWebSocket, Places
from .ports import Listener, listen, listen_near
from .survive import Survive
from .token import Token

STOP_SECONDS = 5.0
BACKLOG = 64
"""Newcomers that may wait until they are let in."""
LETTING_IN = 3
"""Rounds of the loop from a newcomer to its connection."""
PROXIES = "127.0.0.1,::1"
"""Whom to believe when they say for whom they ask: who asks through a proxy on this machine is no less far away."""

log = logging.getLogger(__name__)


class WebServer:
    """Serves an ASGI application on host:port; port 0 takes any free one.

    `host` and `port` are the address that it really has, once started.
    name: of the thread, and of the server in the log. largest_message: bytes that a WebSocket may send. more_ports:
    how many after `port` it may take, where another program has that one.
    """

    def __init__(
        self, application: ASGIApp, host: str, port: int, name: str, largest_message: int, more_ports: int = 0
    ) -> None:
        self.host, self.port = host, port
        self._more_ports = more_ports
        self.counters = WebCounters()
        self._name = name
        self._config = uvicorn.Config(
            Survive(application, name, self.counters),
            loop="asyncio",
            http=LimitedHttp,
            ws=LimitedWebSocket,
            ws_max_size=largest_message,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            ws_per_message_deflate=False,  # JPEG is as small as it gets, and an OSC packet is a few bytes
            h11_max_incomplete_event_size=MAX_HEAD,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=1,
            backlog=BACKLOG,
            forwarded_allow_ips=PROXIES,
            log_config=None,
            log_level="critical",  # of what others send it would log each; errors of ours are told by Survive
            access_log=False,
            server_header=False,
            lifespan="off",
        )
        self._listener: Listener | None = None
        self._thread = GuardedThread(name, self._serve)

    @property
    def url(self) -> str:
        """Where this machine finds it."""
        return url_of({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host), self.port)

    def url_elsewhere(self, token: Token) -> str | None:
        """Where other machines find it, with what they need to be let in; None if it listens to this one alone."""
        if is_loopback(self.host):
            return None
        return f"{url_of(reachable_address(self.host), self.port)}?token={quote(token.text, safe='')}"

    @property
    def stopping(self) -> threading.Event:
        """Set once it is to end."""
        return self._thread.stopping

    def start(self) -> None:
        """Listen, and serve from a thread. Raises OSError if the address can't be had."""
        self._listener = listen_near(self.host, self.port, self._more_ports)
        self.host, self.port = self._listener.getsockname()[:2]
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and the port; may be called twice."""
        self._thread.stop(STOP_SECONDS)
        if self._thread.is_alive():
            log.warning("%s did not stop within %.0f s; its thread ends with the program", self._name, STOP_SECONDS)

    def _serve(self) -> None:
        """Until it is to end. After a fault it begins again with a listener of its own on the same port."""
        listener, self._listener = self._listener or listen(self.host, self.port), None
        server = ShowServer(self._config, self._name, self.stopping, listener, self.counters)
        with listener:
            try:
                server.run([listener])
            except (SystemExit, KeyboardInterrupt) as ended:  # by which no thread is to end
                raise RuntimeError(f"the server's loop was ended by {type(ended).__name__}") from ended


class ShowServer(uvicorn.Server):
    """uvicorn's server, with the limits of this package, that leaves nothing open however it ends."""

    def __init__(
        self,
        config: uvicorn.Config,
        name: str,
        stopping: threading.Event,
        listener: Listener,
        counters: WebCounters,
    ) -> None:
        super().__init__(config)
        self._name, self._stopping, self._listener = name, stopping, listener
        self.server_state = Places(counters)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self._note)
        try:
            await super().serve(sockets)
        finally:
            self._listener.close()
            for _ in range(LETTING_IN):
                await asyncio.sleep(0)
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)  # in which they close

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second. OSError if the port was closed under it, as Windows does after a failed accept."""
        if self._listener.fileno() == -1:
            raise OSError("its port was closed")
        return await super().on_tick(counter) or self._stopping.is_set()

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a callback has raised."""
        report(self._name, context.get("exception") or RuntimeError(context["message"]))
