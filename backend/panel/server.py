"""Serves the page on the loopback, from a thread of its own in the front process."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlTable
from bridge.web.hosts import is_loopback
from bridge.web.origin_check import OriginCheck
from bridge.web.server import WebServer

from .access import headers, turned_away
from .previews import Previews
from .session import PageSession

PAGE = Path(__file__).parent / "page"
PREVIEW_SECONDS = 0.1  # between two previews: ten a second
LARGEST_MESSAGE = 64 * 1024  # bytes from a page; a long prompt is a hundredth of it

log = logging.getLogger(__name__)


class PanelError(OSError):
    """The panel can't be served as asked; the message says what to do."""


class Panel:
    """The page for one show.

    table:    the controls that the page shows, in this order.
    mailbox:  where values typed on the page go, and where the page reads what others have set.
    previews: called at most ten times a second, from the panel's thread, while somebody looks: uint8 RGB
              [H, W, 3] (or [H, W], or RGBA) by name; 'output' is shown large.
    status:   called the same way: figures and words by name, shown as they come; 'state', 'output_fps',
              'engine_fps' and 'latency_ms' are shown large.
    """

    def __init__(
        self,
        table: ControlTable,
        mailbox: Mailbox,
        previews: Callable[[], Mapping[str, np.ndarray]],
        status: Callable[[], Mapping[str, object]],
        host: str = "127.0.0.1",
        port: int = 8080,
    ):
        if not is_loopback(host):
            raise PanelError(
                f"panel address '{host}': the panel has no password, so it serves this machine only; "
                "use 127.0.0.1, and reach it from elsewhere through an SSH tunnel"
            )
        self._table, self._mailbox, self._status = table, mailbox, status
        self._previews = Previews(previews, PREVIEW_SECONDS)
        self._stopping = threading.Event()
        self._server = WebServer(self._application(), host, port, "panel", LARGEST_MESSAGE)

    @property
    def url(self) -> str:
        """Where the page is; the port is the real one even if 0 was asked for."""
        return self._server.url

    def start(self) -> "Panel":
        """Listen, and serve from a thread. Raises PanelError if the address can't be had."""
        host, port = self._server.host, self._server.port
        try:
            self._server.start()
        except OSError as error:
            advice = f"choose another port with --panel {host}:PORT"
            raise PanelError(f"panel address {host}:{port}: {error}; {advice}") from None
        log.info("the panel is at %s", self.url)
        return self

    def stop(self) -> None:
        """Close every page's connection and the port; may be called twice."""
        self._stopping.set()
        self._server.stop()

    def __enter__(self) -> "Panel":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _application(self) -> Starlette:
        routes = [
            WebSocketRoute("/live", self._live),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(OriginCheck, turned_away, headers)])

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        session = PageSession(socket, self._table, self._mailbox, self._status, self._previews)
        with suppress(WebSocketDisconnect):
            await session.run(self._stopping)
