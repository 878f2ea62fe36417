"""The part of the panel's server that takes pictures, and shows those that it has taken."""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from .picture_store import MOST_BYTES, NoPicture, PictureStore, too_large

PATH = "/pictures"
MOST_AT_ONCE = 4
"""Pictures that are on their way here at the same time; each is in memory until it is whole."""

log = logging.getLogger(__name__)


class Uploads:
    """`POST /pictures?name=NAME` with a picture as its body gives `{"path": ...}`, or `{"reason": ...}` and why not.

    `GET /pictures/FILE` gives it back. Nothing else is read or written, whatever the name.
    """

    def __init__(self, store: PictureStore) -> None:
        self._store = store
        self._coming = 0

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PATH, self._receive, methods=["POST"]),
            Mount(PATH, StaticFiles(directory=self._store.folder)),
        ]

    async def _receive(self, request: Request) -> Response:
        if self._coming >= MOST_AT_ONCE:
            return _refusal(503, f"{MOST_AT_ONCE} pictures are being sent already; try again in a moment")
        self._coming += 1
        try:
            return await self._taken(request)
        except NoPicture as reason:
            return _refusal(415, str(reason))
        except ClientDisconnect:
            return _refusal(400, "the picture was not whole; send it again")
        except OSError as error:
            log.warning("a picture could not be kept in %s: %s", self._store.folder, error)
            return _refusal(507, f"the picture could not be kept: {error.strerror or error}; make room on the disk")
        finally:
            self._coming -= 1

    async def _taken(self, request: Request) -> Response:
        content = await _body(request)
        if content is None:
            return _refusal(413, too_large())
        path = await run_in_threadpool(self._store.add, request.query_params.get("name", ""), content)
        return JSONResponse({"path": str(path)}, status_code=201)


async def _body(request: Request) -> bytes | None:
    """What was sent; None if it is more than a picture may have, of which no more is read."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > MOST_BYTES:
        return None
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            return None
    return bytes(content)


def _refusal(status: int, reason: str) -> Response:
    return JSONResponse({"reason": reason}, status_code=status)
