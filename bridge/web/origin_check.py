"""Who may talk to a web server of ours.

A page on the web can make a browser send requests to this machine, and to others of its network. Two checks keep it
out: the Host header must name us as a local program would (so a foreign name that resolves to our address is
refused), and a request that comes from a page must come from one that is welcome, as its Origin says. Browsers hold
neither WebSockets nor plain requests back by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Caller:
    """Who asks: the Host and Origin headers, and the address that the request comes from. Programs send no Origin."""

    host: str
    origin: str | None
    address: str


Refusal = Callable[[Caller], str | None]
"""Why a request is refused; None if it is welcome."""


class OriginCheck:
    """ASGI middleware: turns away what `refusal` has a reason against, and marks what goes out.

    headers: what is added to every answer, given the Origin that asked.
    """

    def __init__(self, app: ASGIApp, refusal: Refusal, headers: Callable[[str | None], Headers]) -> None:
        self._app, self._refusal, self._headers = app, refusal, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
        origin = given.get(b"origin")
        address, _ = scope.get("client") or ("", 0)
        reason = self._refusal(Caller(given.get(b"host", ""), origin, address))
        if reason is None:
            await self._app(scope, receive, marked(send, self._headers(origin)))
        elif scope["type"] == "websocket":
            await receive()  # its connect message, without which it can't be closed
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await PlainTextResponse(f"{reason}\n", status_code=403)(scope, receive, send)


def marked(send: Send, headers: Headers) -> Send:
    """`send`, with headers added to every HTTP answer."""

    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return send_marked
