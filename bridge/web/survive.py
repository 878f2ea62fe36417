"""What a request or a WebSocket raises ends that one, and nothing else."""

from __future__ import annotations

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from bridge.threads import report

from .counters import WebCounters

FAILED_CODE = 1011
"""What a WebSocket is told that was closed for an error here."""


class Survive:
    """ASGI application around another: logs an error once, counts it, and tells the one who asked.

    name: of the server, in the log.
    """

    def __init__(self, app: ASGIApp, name: str, counters: WebCounters) -> None:
        self._app, self._name, self._counters = app, name, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def send_noting(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except WebSocketDisconnect:  # which is how it ends
            return
        except Exception as error:  # noqa: BLE001 - what this class is for
            self._counters.failed += 1
            report(self._name, error)
            with suppress(Exception):  # it has gone meanwhile, or half an answer has gone out
                await self._give_up(scope["type"], answered, send)

    async def _give_up(self, kind: str, answered: bool, send: Send) -> None:
        if kind == "websocket":
            await send({"type": "websocket.close", "code": FAILED_CODE, "reason": "the program failed; see its log"})
        elif not answered:
            await send({"type": "http.response.start", "status": 500, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"the program failed; see its log\n"})
