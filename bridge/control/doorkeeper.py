"""Who may talk to a web server of ours.

A page on the web can make a browser send requests to this machine, and to others of its network. Two checks keep it
out: the Host header must name us as a local program would (so a foreign name that resolves to our address is
refused), and a request that comes from a page must come from one that is welcome, as its Origin says. Browsers hold
neither WebSockets nor plain requests back by themselves.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Refusal = Callable[[str, str | None], str | None]
"""(host, origin) headers of a request -> why it is refused, None if it is welcome. Programs send no Origin."""
Headers = tuple[tuple[bytes, bytes], ...]


class Doorkeeper:
    """ASGI middleware: turns away what `refusal` has a reason against, and marks what goes out.

    headers: what is added to every answer, given the Origin that asked.
    """

    def __init__(self, app: ASGIApp, refusal: Refusal, headers: Callable[[str | None], Headers]) -> None:
        self._app, self._refusal, self._headers = app, refusal, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
        origin = given.get(b"origin")
        reason = self._refusal(given.get(b"host", ""), origin)
        if reason is None:
            await self._app(scope, receive, marked(send, self._headers(origin)))
        elif scope["type"] == "websocket":
            await receive()  # its connect message, without which it can't be closed
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await PlainTextResponse(f"{reason}\n", status_code=403)(scope, receive, send)


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; '' if there is none to be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """True for localhost and for any address of the loopback range."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_local(name: str) -> bool:
    """True for what only a machine of the same network can be called: a private address, `desk`, `desk.local`.

    No page of the web is served under such a name.
    """
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return bool(name) and ("." not in name or name.endswith(".local"))


def marked(send: Send, headers: Headers) -> Send:
    """`send`, with headers added to every HTTP answer."""

    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return send_marked
