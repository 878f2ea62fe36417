"""Serves the page on the loopback, from a thread of its own in the front process."""

import logging
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlTable

from .doorkeeper import Doorkeeper, is_loopback
from .pictures import Pictures
from .visit import Visit

PAGE = Path(__file__).parent / "page"
PICTURE_SECONDS = 0.1  # between two previews: ten a second
LARGEST_MESSAGE = 64 * 1024  # bytes from a page; a long prompt is a hundredth of it
STOP_SECONDS = 5.0

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
        self._pictures = Pictures(previews, PICTURE_SECONDS)
        self._address = (host, port)
        self._stopping = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the page is; the port is the real one even if 0 was asked for."""
        host, port = self._address
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    def start(self) -> "Panel":
        """Listen, and serve from a thread. Raises PanelError if the address can't be had."""
        listener = listen(*self._address)
        self._address = (self._address[0], listener.getsockname()[1])
        config = uvicorn.Config(
            self._application(),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=LARGEST_MESSAGE,
            ws_per_message_deflate=False,  # JPEG is as small as it gets
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="panel", daemon=True)
        self._thread.start()
        log.info("the panel is at %s", self.url)
        return self

    def stop(self) -> None:
        """Close every page's connection and the port; may be called twice."""
        self._stopping.set()
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            log.warning("the panel did not stop within %.0f s; its thread ends with the program", STOP_SECONDS)

    def __enter__(self) -> "Panel":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _application(self) -> Starlette:
        routes = [
            WebSocketRoute("/live", self._live),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(Doorkeeper)])

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        visit = Visit(socket, self._table, self._mailbox, self._status, self._pictures)
        with suppress(WebSocketDisconnect):
            await visit.run(self._stopping)


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket, or PanelError that says what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # where SO_REUSEADDR would share the port with another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        advice = f"choose another port with --panel {host}:PORT"
        raise PanelError(f"panel address {host}:{port}: {error}; {advice}") from None
    return listener
