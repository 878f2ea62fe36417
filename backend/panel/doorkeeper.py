"""Who may talk to the panel: pages that the panel itself served, under a loopback name.

A page on the web can make a browser send requests to this machine. Two checks keep it out: the Host header
must name the loopback (so a foreign name that resolves to 127.0.0.1 is refused), and a WebSocket's Origin
must be the very page that we serve (browsers do not hold WebSockets to one origin by themselves).
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

POLICY = b"default-src 'self'; connect-src 'self' ws://localhost:* ws://127.0.0.1:*; frame-ancestors 'none'"
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


class Doorkeeper:
    """ASGI middleware: refuses what is not from this machine's own page, and marks what goes out."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
        reason = refusal(headers.get(b"host", ""), headers.get(b"origin"))
        if reason is None:
            await self._app(scope, receive, marked(send))
        elif scope["type"] == "websocket":
            await receive()  # its connect message, without which it can't be closed
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await PlainTextResponse(f"{reason}\n", status_code=403)(scope, receive, send)


def refusal(host: str, origin: str | None) -> str | None:
    """Why a request with these headers is refused; None if it is welcome. Programs send no Origin."""
    if not is_loopback(host_name(host)):
        return f"host '{host}' is not this machine; open the panel as http://127.0.0.1 with its port"
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return f"a page of '{origin}' may not use the panel"
    return None


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


def marked(send: Send) -> Send:
    """`send`, with HEADERS added to every HTTP answer."""

    async def send_marked(message):
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
        await send(message)

    return send_marked
