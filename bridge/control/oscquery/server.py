"""The OSCQuery server: what controls there are and what they hold, by HTTP; changes as they happen, by WebSocket.

    GET /vace/mask           the tree from there down, as JSON (tree.py)
    GET /vace/scale?VALUE    one attribute: 204 if there is none to tell, 400 for no attribute, 404 for no address
    GET /?HOST_INFO          where OSC is listened for, and what of the proposal is served
    GET ...&token=SECRET     the same from another machine
    WebSocket, any path      {"COMMAND": "LISTEN", "DATA": address} and "IGNORE"; OSC packets both ways, binary

The tree is made from the table and never changes, so there are no PATH_CHANGED notices.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bridge.errors import BridgeError
from bridge.web.access import Access, Network
from bridge.web.hosts import host_name, is_local, is_loopback
from bridge.web.origin_check import Caller, Headers, OriginCheck
from bridge.web.server import WebServer
from bridge.web.token import Token
from bridge.web.token_check import TokenCheck

from ..mailbox import Mailbox
from ..normalised import normalised_controls
from ..osc.counters import OscCounters
from ..osc.packets import MAX_BYTES
from ..parameters import ControlTable
from .tree import EXTENSIONS, NoSuchAddress, NoSuchAttribute, NotReadable, Tree
from .websocket import Listener

NAME = "VACE Live"

log = logging.getLogger(__name__)


class OscQueryServer:
    """Listens on host:port in a thread of its own; port 0 takes any free one (`port` says which).

    osc: (host, port) that OSC is listened for on by UDP, None if it is not. allow: the networks that may steer from
    other machines, all if none is named; as for OSC, what is dangerous is for the named alone. token: what other
    machines have to know, beside that; without one none is let in.
    """

    def __init__(
        self,
        table: ControlTable,
        mailbox: Mailbox,
        osc: tuple[str, int] | None,
        host: str = "127.0.0.1",
        port: int = 9001,
        allow: Sequence[Network] = (),
        token: Token | None = None,
    ) -> None:
        self._table, self._mailbox, self._osc = table, mailbox, osc
        self._access, self._counters = Access(allow), OscCounters()
        self._normalised = normalised_controls(table)
        self._tree = Tree(table)
        self._token = token
        self._server = WebServer(self._application(host), host, port, "oscquery", MAX_BYTES)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def url_elsewhere(self) -> str | None:
        """Where other machines find it, token and all; None if they don't."""
        return None if self._token is None else self._server.url_elsewhere(self._token)

    def start(self) -> OscQueryServer:
        """Listen and serve. Raises BridgeError if the address can't be had."""
        host, port = self._server.host, self._server.port
        try:
            self._server.start()
        except OSError as error:
            raise BridgeError(
                f"OSCQuery cannot listen on {host}:{port} ({error}); close the program that does, or use another port "
                "with --oscquery HOST:PORT, or --oscquery off"
            ) from error
        log.info("OSCQuery: %s", self.url)
        if not is_loopback(self._server.host):
            log.warning("OSCQuery listens beyond this machine, on %s, to %s", self._server.host, self._access.who)
        return self

    def stop(self) -> None:
        """Close every connection and the port; may be called twice."""
        self._server.stop()

    def services(self) -> dict[str, tuple[str, int]]:
        """What there is to announce: (host, port) by kind of service."""
        services = {"_oscjson._tcp": (self._server.host, self.port)}
        return services if self._osc is None else {**services, "_osc._udp": self._osc}

    def _application(self, host: str) -> Starlette:
        def turned_away(caller: Caller) -> str | None:
            if not self._access.admits(caller.address):
                return f"--osc-allow does not name {caller.address}"
            return refusal(caller.host, caller.origin, host)

        middleware = [Middleware(OriginCheck, turned_away, headers), Middleware(TokenCheck, self._token)]
        routes = [Route("/{path:path}", self._get), WebSocketRoute("/{path:path}", self._connect)]
        return Starlette(routes=routes, middleware=middleware)

    async def _get(self, request: Request) -> Response:
        path, asked = request.scope["path"], request.scope["query_string"].decode("latin-1")
        if asked == "HOST_INFO":
            return JSONResponse(self._host_info(request))
        values = self._mailbox.snapshot()
        try:
            if asked:
                return JSONResponse(self._tree.attribute(path, asked, values))
            return JSONResponse(self._tree.describe(path, values))
        except NoSuchAddress as reason:
            return PlainTextResponse(f"{reason}\n", status_code=404)
        except NoSuchAttribute as reason:
            return PlainTextResponse(f"{reason}\n", status_code=400)
        except NotReadable:
            return Response(status_code=204)

    def _host_info(self, request: Request) -> dict[str, object]:
        """Without an OSC server its entries are left out: the WebSocket takes OSC packets all the same."""
        info: dict[str, object] = {"NAME": NAME, "EXTENSIONS": EXTENSIONS, "WS_PORT": self.port}
        if self._osc is not None:
            host, port = self._osc
            if ipaddress.ip_address(host).is_unspecified:  # everywhere: so also where the client has reached us
                host = request.scope["server"][0]
            info |= {"OSC_IP": host, "OSC_PORT": port, "OSC_TRANSPORT": "UDP"}
        return info

    async def _connect(self, socket: WebSocket) -> None:
        await socket.accept()
        listener = Listener(socket, self._table, self._normalised, self._mailbox, self._access, self._counters)
        await listener.run(self._server.stopping)


def refusal(named: str, origin: str | None, bound: str) -> str | None:
    """Why a request is refused; None if it is welcome.

    named, origin: its Host and Origin headers. bound: the host that is listened on. A page that asks must have been
    served by this machine, or by one of its network if that is listened to.
    """
    meant = is_loopback if is_loopback(bound) else is_local
    name = host_name(named)
    if not meant(name) and name != bound.lower():
        return f"host '{named}' is not this machine; ask for http://127.0.0.1 with the port"
    if origin is not None and not meant(host_name(origin.partition("://")[2])):
        return f"a page of '{origin}' may not use the controls"
    return None


def headers(origin: str | None) -> Headers:
    """Lets the page that asked, which the origin check has let in, read the answer."""
    allowed = () if origin is None else ((b"access-control-allow-origin", origin.encode("latin-1")),)
    return (*allowed, (b"vary", b"origin"), (b"cache-control", b"no-store"))
