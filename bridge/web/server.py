"""A web server of our own in the front process: one application, one port, one thread."""

from __future__ import annotations

import logging
import threading

import uvicorn
from starlette.types import ASGIApp

from .ports import listen

STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


class WebServer:
    """Serves an ASGI application on host:port; port 0 takes any free one.

    `host` and `port` are the address that it really has, once started.
    name: of the thread, and of the server in the log. largest_message: bytes that a WebSocket may send.
    """

    def __init__(self, application: ASGIApp, host: str, port: int, name: str, largest_message: int) -> None:
        self.host, self.port = host, port
        self._name = name
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=largest_message,
                ws_per_message_deflate=False,  # JPEG is as small as it gets, and an OSC packet is a few bytes
                timeout_graceful_shutdown=1,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    def start(self) -> None:
        """Listen, and serve from a thread. Raises OSError if the address can't be had."""
        listener = listen(self.host, self.port)
        self.host, self.port = listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and the port; may be called twice."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            log.warning("%s did not stop within %.0f s; its thread ends with the program", self._name, STOP_SECONDS)
