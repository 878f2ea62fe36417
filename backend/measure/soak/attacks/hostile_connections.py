"""Connections that say nothing, requests that never end, and sockets that are never read."""

from __future__ import annotations

import http.client
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from ..stage import Stage
from .attack import Attack
from .hostile_messages import message

SILENT, HALF = 40, 400
ANSWER_SECONDS = 30.0
"""In which somebody else has to get an answer: longer than a server may wait for those who say nothing."""
TRY_SECONDS = 2.0
REQUESTS = (b"GET / HTTP/1.1\r\nHost: 127.0.0.1", b"POST /", b"GET /socket HTTP/1.1\r\nUpgrade: websocket\r\n", b"")


def connection_attacks() -> Iterator[Attack]:
    """While they are held, somebody else must be answered by OSC and by the page."""
    yield Attack(
        f"{SILENT} silent connections to OSC by TCP",
        lambda stage: None,
        around=lambda stage: _held(stage.show.osc_tcp, SILENT, (b"",)),
        check=osc_by_tcp_answers,
    )
    yield Attack(
        f"{HALF} half requests to the page",
        lambda stage: None,
        around=lambda stage: _held(stage.show.panel, HALF, REQUESTS),
        check=page_answers,
    )
    yield Attack(
        "one who asks by TCP and never reads",
        lambda stage: None,
        around=lambda stage: _held(stage.show.osc_tcp, 1, (_framed(message("/vace/dump", "")) * 500,)),
        check=osc_by_tcp_answers,
    )


@contextmanager
def _held(port: int, count: int, beginnings: tuple[bytes, ...]) -> Iterator[None]:
    """So many connections, each with one of these beginnings, held until the end."""
    with ExitStack() as held:
        for number in range(count):
            with suppress(OSError):  # a server may refuse more
                connection = held.enter_context(socket.create_connection(("127.0.0.1", port), TRY_SECONDS))
                connection.sendall(beginnings[number % len(beginnings)])
        yield


def osc_by_tcp_answers(stage: Stage) -> str | None:
    """What was lost if a new connection gets no answer to a ping."""
    return _within(ANSWER_SECONDS, lambda: _ping_by_tcp(stage.show.osc_tcp), "OSC by TCP answers nobody else")


def page_answers(stage: Stage) -> str | None:
    """What was lost if the page answers no request."""
    return _within(ANSWER_SECONDS, lambda: _get_page(stage.show.panel), "the page answers nobody else")


def _within(seconds: float, attempt, lost: str) -> str | None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException):
            if attempt():
                return None
        time.sleep(0.2)
    return f"{lost} for {seconds:g} s"


def _framed(packet: bytes) -> bytes:
    """As a stream has it: its length before it."""
    return struct.pack(">i", len(packet)) + packet


def _ping_by_tcp(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), TRY_SECONDS) as connection:
        connection.sendall(_framed(message("/vace/ping", "")))
        return bool(connection.recv(64))


def _get_page(port: int) -> bool:
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=TRY_SECONDS)
    try:
        page.request("GET", "/")
        return page.getresponse().status < 500
    finally:
        page.close()
