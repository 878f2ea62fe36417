"""Serves the page, and what it tells other programs of the show, from a thread of its own in the front process."""

import io
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import segno
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlTable
from bridge.threads import report
from bridge.web.hosts import is_loopback
from bridge.web.origin_check import Caller, OriginCheck
from bridge.web.server import WebServer
from bridge.web.token import Token
from bridge.web.token_check import TokenCheck

from ..front.status import FrontStatus
from ..runtime.events import MOST_EVENTS
from .access import headers, refusal
from .health import trouble
from .metrics import exposition
from .picture_store import PictureStore
from .previews import Previews
from .session import PageContent, PageSession
from .uploads import Uploads

PAGE = Path(__file__).parent / "page"
PREVIEW_SECONDS = 0.1  # between two previews: ten a second
LARGEST_MESSAGE = 64 * 1024  # bytes from a page; a long prompt is a hundredth of it
MORE_PORTS = 20
"""Ports after the one asked for that are tried, where another program has it: a show begins all the same."""
METRICS = "vace"
"""What the names of all figures begin with."""

log = logging.getLogger(__name__)


class PanelError(OSError):
    """The panel can't be served as asked; the message says what to do."""


class Panel:
    """The page for one show; its figures at /metrics, its faults at /events, and at /health whether all is well.

    table:    the controls that the page shows, in this order.
    mailbox:  where values typed on the page go, and where the page reads what others have set.
    previews: called at most ten times a second, from the panel's thread, while somebody looks: uint8 RGB
              [H, W, 3] (or [H, W], or RGBA) by name; 'output' is shown large.
    status:   called the same way: figures and words, shown as they come; 'state', 'output_fps', 'engine_fps' and
              'latency_ms' are shown large.
    events:   what /events gives, JSON-ready: what has gone wrong, the newest last; of as many as are asked for.
    lists:    names of what can be gone to, by kind: presets, cues.
    pictures: where pictures are kept that are sent to the page; None where none are taken.
    token:    what other machines have to know; None if the panel is for this machine alone.
    """

    def __init__(
        self,
        table: ControlTable,
        mailbox: Mailbox,
        previews: Callable[[], Mapping[str, np.ndarray]],
        status: Callable[[], FrontStatus],
        host: str = "127.0.0.1",
        port: int = 8080,
        token: Token | None = None,
        events: Callable[[int], list[dict[str, object]]] = lambda _: [],
        lists: Callable[[], dict[str, list[str]]] = dict,
        pictures: PictureStore | None = None,
    ):
        if token is None and not is_loopback(host):
            raise PanelError(
                f"panel address '{host}': without a token the panel serves this machine only; "
                "give one with --panel-token TEXT, or use 127.0.0.1"
            )
        self._status, self._token, self._events, self._pictures = status, token, events, pictures
        self._content = PageContent(table, mailbox, status, events, lists, Previews(previews, PREVIEW_SECONDS))
        self._server = WebServer(self._application(host), host, port, "panel", LARGEST_MESSAGE, MORE_PORTS)

    @property
    def url(self) -> str:
        """Where the page is; the port is the real one even if 0 was asked for."""
        return self._server.url

    @property
    def url_elsewhere(self) -> str | None:
        """Where other machines find it, token and all; None if they don't."""
        return None if self._token is None else self._server.url_elsewhere(self._token)

    def start(self) -> "Panel":
        """Listen, and serve from a thread. Raises PanelError if the address can't be had."""
        host, port = self._server.host, self._server.port
        try:
            self._server.start()
        except OSError as error:
            advice = f"choose another port with --panel {host}:PORT"
            raise PanelError(f"panel address {host}:{port}: {error}; {advice}") from None
        if port not in (0, self._server.port):
            log.warning("port %d is taken by another program, so the panel has port %d", port, self._server.port)
        log.info("the panel is at %s", self.url)
        return self

    def stop(self) -> None:
        """Close every page's connection and the port; may be called twice."""
        self._server.stop()

    def __enter__(self) -> "Panel":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _application(self, bound: str) -> Starlette:
        def turned_away(caller: Caller) -> str | None:
            return refusal(caller.host, caller.origin, bound)

        routes = [
            WebSocketRoute("/live", self._live),
            Route("/metrics", self._metrics),
            Route("/health", self._health),
            Route("/events", self._faults),
            Route("/elsewhere.svg", self._elsewhere),
            *([] if self._pictures is None else Uploads(self._pictures).routes()),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ]
        middleware = [Middleware(OriginCheck, turned_away, headers), Middleware(TokenCheck, self._token)]
        return Starlette(routes=routes, middleware=middleware)

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        here = socket.client is not None and is_loopback(socket.client.host)
        session = PageSession(socket, self._content, here, self.url_elsewhere)
        await session.run(self._server.stopping)

    async def _metrics(self, request: Request) -> Response:
        """All figures, as Prometheus reads them."""
        text, content_type = exposition(self._figures, request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})

    def _figures(self) -> dict[str, object]:
        return {METRICS: self._status(), f"{METRICS}_panel": self._server.counters}

    async def _health(self, _: Request) -> Response:
        """200 while all is well, 503 with the reason otherwise."""
        state = "unknown"
        try:
            status = self._status()
            state, reason = status.state, trouble(status)
        except Exception as error:  # noqa: BLE001 - whoever watches is to be told, whatever it is
            report("panel status", error)
            reason = f"how the show is doing can't be told: {type(error).__name__}: {error}"
        told = {"healthy": reason is None, "state": state} | ({} if reason is None else {"reason": reason})
        return JSONResponse(told, status_code=200 if reason is None else 503)

    async def _faults(self, _: Request) -> Response:
        """What has gone wrong, each fault once."""
        return JSONResponse(self._events(MOST_EVENTS))

    async def _elsewhere(self, request: Request) -> Response:
        """The address for other machines as a QR code, which only this one is shown."""
        url = self.url_elsewhere
        if url is None or request.client is None or not is_loopback(request.client.host):
            return PlainTextResponse("this page has no address for other machines to be shown here\n", status_code=404)
        picture = io.BytesIO()
        segno.make(url, micro=False).save(picture, kind="svg", scale=6, light="white")
        return Response(picture.getvalue(), media_type="image/svg+xml")
