"""The web server under those who hold, flood, stall and break it, over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from bridge import threads
from bridge.web import limits, server
from bridge.web.limits import MAX_CONNECTIONS, MAX_CONNECTIONS_EACH
from bridge.web.server import WebServer

ROOT = Path(__file__).parents[3]
PATIENCE = 20.0
HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "
WHOLE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
LARGE = 32 * 1024 * 1024


def fail() -> None:
    raise ValueError("in a callback")


def leave() -> None:
    raise SystemExit(3)


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


async def broken(request: Request) -> Response:
    raise ValueError("the page is broken")


async def large(request: Request) -> Response:
    return PlainTextResponse(b"x" * LARGE)


async def soon(request: Request) -> Response:
    asyncio.get_running_loop().call_soon({"fail": fail, "leave": leave}[request.path_params["what"]])
    return PlainTextResponse("soon")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


async def broken_socket(socket: WebSocket) -> None:
    await socket.accept()
    raise ValueError("the socket is broken")


ROUTES = [
    Route("/", hello),
    Route("/broken", broken),
    Route("/large", large),
    Route("/soon/{what}", soon),
    WebSocketRoute("/echo", echo),
    WebSocketRoute("/broken", broken_socket),
]


@pytest.fixture(autouse=True)
def nothing_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of former tests, whose faults may have been the same."""
    monkeypatch.setattr(threads, "_logged", set())


@pytest.fixture
def serve() -> Iterator[Callable[[], WebServer]]:
    """Begins a server, which ends with the test."""
    with ExitStack() as opened:

        def begin() -> WebServer:
            web = WebServer(Starlette(routes=ROUTES), "127.0.0.1", 0, "under test", 65536)
            web.start()
            opened.callback(web.stop)
            return web

        yield begin


@pytest.fixture
def web(serve: Callable[[], WebServer]) -> WebServer:
    return serve()


def ask(web: WebServer, path: str = "/") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=PATIENCE / 4)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def answers_again(web: WebServer) -> bool:
    try:
        return ask(web) == (200, "hello")
    except OSError:
        return False


def opened(web: WebServer, sent: bytes) -> socket.socket:
    """A connection on which that was sent."""
    connection = socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE)
    connection.sendall(sent)
    return connection


def all_received(connection: socket.socket) -> bytes:
    """What comes until the other end closes it."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionError:
        pass
    return received


def read_answer(connection: socket.socket) -> None:
    received = b""
    while not received.endswith(b"hello"):
        part = connection.recv(1000)
        assert part, received
        received += part


def test_four_hundred_half_requests_leave_room_for_a_whole_one(web: WebServer):
    with ExitStack() as held:
        halves = [held.enter_context(opened(web, HALF)) for _ in range(400)]
        assert ask(web) == (200, "hello")
        eventually(lambda: web.counters.gave_way + web.counters.not_let_in >= 400 - MAX_CONNECTIONS_EACH)
        assert web.counters.connections <= MAX_CONNECTIONS_EACH
        assert not any(all_received(half) for half in halves[:300])
        assert ask(web) == (200, "hello")
    eventually(lambda: web.counters.connections == 0)


def test_half_requests_from_many_addresses_are_bounded_together(web: WebServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MAX_CONNECTIONS_EACH", 10_000)
    with ExitStack() as held:
        for _ in range(100):
            held.enter_context(opened(web, HALF))
        assert ask(web) == (200, "hello")
        assert web.counters.connections <= MAX_CONNECTIONS


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HALF,
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        WHOLE + HALF,
    ],
    ids=["silent", "half a head", "half a body", "half a chunk", "half a second request"],
)
def test_a_connection_without_a_whole_request_ends(serve, sent: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.3)
    web = serve()
    with opened(web, sent) as connection:
        all_received(connection)
    eventually(lambda: web.counters.connections == 0)
    assert web.counters.timed_out == 1


def takes_a_byte(connection: socket.socket) -> bool:
    """Whether the other end still listens after one byte more."""
    try:
        connection.sendall(b"x")
        return connection.recv(1000) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def test_one_that_sends_a_byte_now_and_then_ends_too(serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.5)
    web = serve()
    with opened(web, HALF) as connection:
        connection.settimeout(0.05)
        eventually(lambda: not takes_a_byte(connection))
    assert web.counters.timed_out == 1


def test_a_late_request_is_told_so(serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.3)
    with opened(serve(), HALF) as connection:
        assert all_received(connection).startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_is_never_read_is_given_up(serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.5)
    web = serve()
    with opened(web, WHOLE.replace(b"/ ", b"/large ")) as connection:
        eventually(lambda: web.counters.timed_out == 1)
        assert len(all_received(connection)) < LARGE


def test_requests_one_after_the_other_on_one_connection_are_not_cut_off(serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 2.0)
    web = serve()
    with opened(web, b"") as connection:
        for _ in range(8):
            connection.sendall(WHOLE)
            read_answer(connection)
            time.sleep(0.3)
    assert web.counters.timed_out == 0
    assert web.counters.answers == 8


@pytest.mark.parametrize("sent", [b"GET /" + b"x" * 20_000, b"GET / HTTP/1.1\r\nHost: " + b"x" * 20_000])
def test_an_address_or_a_header_that_is_too_long_is_refused(web: WebServer, sent: bytes):
    with opened(web, sent) as connection:
        assert all_received(connection).startswith(b"HTTP/1.1 400 ")
    assert web.counters.damaged == 1


def test_a_body_that_is_damaged_after_its_request_was_answered_ends_the_connection(web: WebServer, caplog):
    with opened(web, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 405 ")
        connection.sendall(b"no length\r\n")
        all_received(connection)
    assert web.counters.damaged == 1
    assert not caplog.records


def test_a_flood_of_damaged_requests_is_counted_and_not_logged(web: WebServer, caplog: pytest.LogCaptureFixture):
    for _ in range(100):
        with opened(web, b"\x16\x03\x01 nonsense\r\n\r\n") as connection:
            all_received(connection)
    assert web.counters.damaged == 100
    assert not caplog.records
    assert ask(web) == (200, "hello")


def test_a_websocket_that_says_nothing_when_asked_is_closed(serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "PING_SECONDS", 0.2)
    monkeypatch.setattr(server, "PONG_SECONDS", 0.2)
    web = serve()
    with opened(web, UPGRADE) as connection:
        assert all_received(connection).startswith(b"HTTP/1.1 101 ")
    eventually(lambda: web.counters.websockets == 0)
    assert web.counters.timed_out == 1


def test_there_are_so_many_websockets_and_then_the_next_is_told_so(web: WebServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MAX_WEBSOCKETS", 2)
    url = f"ws://127.0.0.1:{web.port}/echo"
    with connect(url, proxy=None) as first, connect(url, proxy=None):
        with pytest.raises(InvalidStatus, match="503"), connect(url, proxy=None):
            pass
        assert ask(web) == (200, "hello")
        first.send("still")
        assert first.recv(PATIENCE) == "still"
        first.close()
        eventually(lambda: web.counters.websockets == 1)
        with connect(url, proxy=None) as third:
            third.send("in")
            assert third.recv(PATIENCE) == "in"
    assert web.counters.not_let_in == 1


def test_another_machine_has_its_share_of_websockets(web: WebServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MAX_WEBSOCKETS_EACH", 1)
    monkeypatch.setattr(limits, "is_loopback", lambda host: False)
    url = f"ws://127.0.0.1:{web.port}/echo"
    with connect(url, proxy=None):
        with pytest.raises(InvalidStatus, match="503"), connect(url, proxy=None):
            pass
        with connect(url, proxy=None, source_address=("127.0.0.2", 0)) as other:
            other.send("in")
            assert other.recv(PATIENCE) == "in"


@pytest.mark.faults
def test_an_error_in_a_page_is_logged_once_and_ends_that_request_alone(web: WebServer, caplog):
    with opened(web, WHOLE) as other, caplog.at_level(logging.WARNING):
        read_answer(other)
        for _ in range(3):
            assert ask(web, "/broken")[0] == 500
        other.sendall(WHOLE)
        read_answer(other)
    assert [record.getMessage() for record in caplog.records] == [
        "under test: ValueError: the page is broken; it goes on"
    ]
    assert web.counters.failed == 3


@pytest.mark.faults
def test_an_error_in_a_websocket_ends_that_one_alone(web: WebServer, caplog: pytest.LogCaptureFixture):
    url = f"ws://127.0.0.1:{web.port}"
    with connect(f"{url}/echo", proxy=None) as other, caplog.at_level(logging.WARNING):
        for _ in range(3):
            with connect(f"{url}/broken", proxy=None) as one, pytest.raises(ConnectionClosedError, match="1011"):
                one.recv(PATIENCE)
        other.send("still")
        assert other.recv(PATIENCE) == "still"
    assert [record.getMessage() for record in caplog.records] == [
        "under test: ValueError: the socket is broken; it goes on"
    ]


@pytest.mark.faults
def test_an_error_in_a_callback_of_the_loop_is_logged_and_the_page_answers(web: WebServer, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert ask(web, "/soon/fail") == (200, "soon")
        assert ask(web) == (200, "hello")
    assert [record.getMessage() for record in caplog.records] == ["under test: ValueError: in a callback; it goes on"]


@pytest.mark.faults
def test_what_ends_the_loop_has_it_begun_again_on_the_same_port(web: WebServer):
    port = web.port
    with connect(f"ws://127.0.0.1:{port}/echo", proxy=None) as open_before:
        ask(web, "/soon/leave")
        with pytest.raises(ConnectionClosedError):
            open_before.recv(PATIENCE)
    eventually(lambda: answers_again(web))
    assert web.port == port
    assert web.counters.websockets == 0


@pytest.mark.faults
@pytest.mark.parametrize("fault", [ValueError("in the server's own loop"), OSError("its port was closed")])
def test_what_the_server_itself_raises_has_it_begun_again(web: WebServer, fault, monkeypatch: pytest.MonkeyPatch):
    whole, faults = uvicorn.Server.on_tick, [fault]

    async def on_tick(self: uvicorn.Server, counter: int) -> bool:
        if faults:
            raise faults.pop()
        return await whole(self, counter)

    monkeypatch.setattr(uvicorn.Server, "on_tick", on_tick)
    eventually(lambda: not faults)
    eventually(lambda: answers_again(web))


@pytest.mark.faults
def test_a_port_that_was_closed_under_the_server_is_opened_again(web: WebServer, monkeypatch: pytest.MonkeyPatch):
    """As asyncio does on Windows where an accept fails."""
    seen: list[server.ShowServer] = []
    whole = server.ShowServer.on_tick

    async def on_tick(self: server.ShowServer, counter: int) -> bool:
        if not seen:
            seen.append(self)
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
        return await whole(self, counter)

    monkeypatch.setattr(server.ShowServer, "on_tick", on_tick)
    eventually(lambda: bool(seen))
    eventually(lambda: answers_again(web))


def test_a_server_that_is_stopped_is_not_begun_again(web: WebServer):
    web.stop()
    with pytest.raises(OSError):
        ask(web)
    web.stop()


SCARCE = """
import logging, resource, sys
logging.basicConfig(stream=sys.stderr)
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from bridge.web import limits
from bridge.web.server import WebServer

async def hello(request):
    return PlainTextResponse("hello")

limits.MAX_CONNECTIONS = limits.MAX_CONNECTIONS_EACH = 10_000
web = WebServer(Starlette(routes=[Route("/", hello)]), "127.0.0.1", 0, "scarce", 100)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
web.start()
print(web.port, flush=True)
sys.stdin.read()
print(web._thread.faults, flush=True)
web.stop()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of descriptors that could be lowered")
def test_a_process_without_descriptors_turns_newcomers_away_and_answers_afterwards():
    with subprocess.Popen(
        [sys.executable, "-c", SCARCE],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        web = WebServer(Starlette(), "127.0.0.1", int(process.stdout.readline()), "as a client", 100)
        with ExitStack() as held:
            crowd = [held.enter_context(opened(web, b"")) for _ in range(120)]
            with pytest.raises(OSError):
                ask(web)  # there is no descriptor for it
            assert not any(all_received(one) for one in crowd[60:])
        eventually(lambda: answers_again(web))
        told, errors = process.communicate("")
    assert told == "0\n"
    assert len(errors.splitlines()) < 20, errors
