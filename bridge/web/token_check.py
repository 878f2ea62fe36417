"""Lets this machine in, and from others those who know the token.

It comes with the address (`?token=`), and is then kept by the browser as a cookie that no script can read and no other
site can have sent; or, from programs, as `Authorization: Bearer`.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .hosts import is_loopback
from .origin_check import marked
from .token import Guesses, Token

QUERY = b"token="
BEARER = b"bearer "
POLICY_CODE = 1008

WITHOUT = "the address of this page ends in ?token= and a secret, which was shown where the program was started"
WRONG = "this token is not, or no longer, the right one; the address with the right one is shown at the program's start"
TOO_MANY = "too many wrong tokens came from there; wait a minute"
CLOSED = "this machine only: the program was started without a token for others; give it one with --panel-token TEXT"


class TokenCheck:
    """ASGI middleware: lets this machine in, and others that know the token; without one, no others.

    The token is taken out of the address before that is looked at further.
    """

    def __init__(self, app: ASGIApp, token: Token | None) -> None:
        self._app, self._token = app, token
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host, _ = scope.get("client") or ("", 0)
        by_address, query = _taken_out(scope.get("query_string", b""))
        status, reason = (200, "") if is_loopback(host) else self._judge(host, scope, by_address)
        scope["query_string"] = query
        if status == 200:
            new = by_address is not None and not is_loopback(host)
            await self._app(scope, receive, marked(send, (self._cookie(scope),)) if new else send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": POLICY_CODE, "reason": reason})
        else:
            await PlainTextResponse(f"{reason}\n", status_code=status)(scope, receive, send)

    def _judge(self, host: str, scope: Scope, by_address: bytes | None) -> tuple[int, str]:
        """The status of the answer, and what is to be said if it is not 200."""
        if self._token is None:
            return 403, CLOSED
        if self._guesses.used_up(host):
            return 429, TOO_MANY
        given = by_address if by_address is not None else _in_headers(scope)
        if given is None:
            return 401, WITHOUT
        if not self._token.matches(given):
            self._guesses.note(host, given)
            return 401, WRONG
        return 200, ""

    def _cookie(self, scope: Scope) -> tuple[bytes, bytes]:
        assert self._token is not None
        kept = f"{_cookie_name(scope)}={self._token.cookie}; Path=/; HttpOnly; SameSite=Strict"
        return b"set-cookie", kept.encode()


def _taken_out(query: bytes) -> tuple[bytes | None, bytes]:
    """The token of an address, if it has one, and the rest of what stands behind its question mark."""
    parts = query.split(b"&")
    tokens = [part for part in parts if part.startswith(QUERY)]
    if not tokens:
        return None, query
    token = unquote_to_bytes(tokens[0].removeprefix(QUERY).replace(b"+", b" "))
    return token, b"&".join(part for part in parts if part not in tokens)


def _in_headers(scope: Scope) -> bytes | None:
    given = dict(scope["headers"])
    bearer = given.get(b"authorization", b"")
    if bearer[: len(BEARER)].lower() == BEARER:
        return bearer[len(BEARER) :].strip()
    kept = cookie_parser(given.get(b"cookie", b"").decode("latin-1")).get(_cookie_name(scope))
    return None if kept is None else kept.encode()


def _cookie_name(scope: Scope) -> str:
    """Cookies belong to a host, whatever its port: two programs must not take each other's."""
    return f"vace-token-{scope['server'][1]}"
