"""OSC by TCP on real sockets: python-osc's clients, both framings, and those who mean no good."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import selectors
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.tcp_client import AsyncSimpleTCPClient, SimpleTCPClient

from bridge.control.mailbox import Mailbox
from bridge.control.osc import tcp
from bridge.control.osc.counters import OscCounters
from bridge.control.osc.framing import MAX_PACKET
from bridge.control.osc.server import OscServer
from bridge.control.osc.tcp import (
    MAX_CONNECTIONS,
    MAX_FROM_ONE,
    MAX_WAITING,
    RETRY_SECONDS,
    SILENT_SECONDS,
    TcpPort,
)
from bridge.control.parameters import MAX_TEXT, Control, ControlTable
from bridge.errors import BridgeError
from tests.backend.waiting import wait_for

TABLE = ControlTable(
    [
        Control("/vace/prompt", "string", "", "Words."),
        Control("/vace/scale", "float", 1.0, "How much.", low=0.0, high=2.0),
        Control("/vace/seed", "int", 0, "Noise.", low=0, high=10**6),
    ]
)
FRAMINGS = ["1.0", "1.1"]
ANSWER_SECONDS = 5.0


class Show:
    """A running server with a TCP port."""

    def __init__(self) -> None:
        self.mailbox = Mailbox(TABLE)
        answers = {"/vace/list": lambda: ["x" * 1000] * 50}
        self.server = OscServer(TABLE, self.mailbox, "127.0.0.1", 0, tcp=("127.0.0.1", 0), answers=answers).start()
        assert self.server.tcp is not None
        self.port: TcpPort = self.server.tcp

    def plain(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port.port), timeout=ANSWER_SECONDS)


@pytest.fixture
def show() -> Iterator[Show]:
    show = Show()
    yield show
    show.server.stop()


@pytest.fixture
def connect(show: Show) -> Iterator[Callable[[str], SimpleTCPClient]]:
    clients: list[SimpleTCPClient] = []

    def connect(mode: str) -> SimpleTCPClient:
        clients.append(SimpleTCPClient("127.0.0.1", show.port.port, mode=mode, timeout=ANSWER_SECONDS))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def answers(client: SimpleTCPClient, count: int) -> list[tuple[str, list[Any]]]:
    messages: list[OscMessage] = []
    while len(messages) < count:
        received = client.receive()
        assert received, f"{count - len(messages)} answers are missing"
        messages += [OscMessage(packet) for packet in received]
    return [(message.address, message.params) for message in messages]


@pytest.mark.parametrize("mode", FRAMINGS)
def test_a_control_is_set_and_asked_for_on_one_connection(show: Show, connect: Callable, mode: str):
    client = connect(mode)
    client.send_message("/vace/prompt", "a house of ice é")
    client.send_message("/vace/n/scale", 0.25)
    client.send_message("/vace/get", "/vace/prompt")
    assert answers(client, 1) == [("/vace/prompt", ["a house of ice é"])]
    assert show.mailbox.get("/vace/scale") == 0.5
    client.send_message("/vace/scale", 9)
    [(address, (about, _))] = answers(client, 1)
    assert (address, about) == ("/vace/error", "/vace/scale")


@pytest.mark.parametrize("mode", FRAMINGS)
def test_the_asynchronous_client_is_served_too(show: Show, mode: str):
    async def ask() -> list[Any]:
        async with AsyncSimpleTCPClient("127.0.0.1", show.port.port, mode=mode) as client:
            await client.send_message("/vace/seed", 7)
            await client.send_message("/vace/get", "/vace/seed")
            [packet] = await client.receive(ANSWER_SECONDS)
            return OscMessage(packet).params

    assert asyncio.run(ask()) == [7]


def test_another_programs_connection_is_understood(show: Show):
    program = shutil.which("oscsend")
    if program is None:
        pytest.skip("oscsend is not installed (Debian: liblo-tools)")
    words = ["/vace/prompt", "s", "a city of coral"]
    subprocess.run([program, f"osc.tcp://127.0.0.1:{show.port.port}/", *words], check=True)
    wait_for(lambda: show.mailbox.get("/vace/prompt") == "a city of coral", "the prompt")


@pytest.mark.parametrize("mode", FRAMINGS)
def test_many_messages_at_once_are_all_taken_in_their_order(show: Show, connect: Callable, mode: str):
    client = connect(mode)
    for number in range(5000):
        client.send_message("/vace/seed", number)
    client.send_message("/vace/get", "/vace/seed")
    assert answers(client, 1) == [("/vace/seed", [4999])]
    assert show.server.counters.messages == 5001


@pytest.mark.parametrize("mode", FRAMINGS)
def test_a_subscriber_is_told_on_its_connection_and_forgotten_with_it(show: Show, connect: Callable, mode: str):
    client = connect(mode)
    client.send_message("/vace/subscribe", 9001)
    assert {address for address, _ in answers(client, 3)} == set(show.mailbox.snapshot())
    show.mailbox.set("/vace/seed", 7)
    assert answers(client, 1) == [("/vace/seed", [7])]
    client.close()
    wait_for(lambda: show.server.counters.subscribers == 0, "it to be forgotten")
    assert show.server.counters.connections == 0


def test_connections_of_both_framings_do_not_disturb_each_other(show: Show, connect: Callable):
    clients = [connect(FRAMINGS[number % 2]) for number in range(10)]
    for number, client in enumerate(clients):
        client.send_message("/vace/ping", number)
    assert [answers(client, 1) for client in clients] == [[("/vace/pong", [number])] for number in range(10)]


@pytest.mark.parametrize("mode", FRAMINGS)
def test_a_text_of_a_megabyte_is_cut_and_the_next_message_is_taken(show: Show, connect: Callable, mode: str):
    client = connect(mode)
    client.send_message("/vace/prompt", "x" * 1_000_000)
    [(_, (about, reason))] = answers(client, 1)
    assert about == "/vace/prompt"
    assert "1000000" in reason
    assert show.mailbox.get("/vace/prompt") == "x" * MAX_TEXT
    client.send_message("/vace/ping", 1)
    assert answers(client, 1) == [("/vace/pong", [1])]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        struct.pack(">I", MAX_PACKET + 1),
        b"\0\0\0\x14" + build_msg("/vace/seed", 1).dgram + b"\xff\xff\xff\xff",
        b"\xc0/vace\xdbx\xc0",
    ],
)
def test_a_damaged_stream_is_closed_counted_and_noted_once(show: Show, sent: bytes, caplog: pytest.LogCaptureFixture):
    for _ in range(3):
        with show.plain() as stream:
            stream.sendall(sent)
            with contextlib.suppress(ConnectionResetError):  # closed with something unread, which is as good
                assert stream.recv(100) == b""
    wait_for(lambda: show.server.counters.closed == 3, "all of them to be counted")
    assert show.server.counters.connections == 0
    [record] = caplog.records
    assert "the connection was closed" in record.message


def test_a_packet_that_is_damaged_in_a_whole_stream_is_counted_and_the_next_is_taken(show: Show, connect: Callable):
    client = connect("1.0")
    client.socket.sendall(struct.pack(">I", 8) + b"nonsense" + bytes(4))
    client.send_message("/vace/ping", 1)
    assert answers(client, 1) == [("/vace/pong", [1])]
    assert show.server.counters.damaged == 2


def test_a_stream_that_comes_byte_by_byte_holds_up_nobody(show: Show, connect: Callable):
    packet = build_msg("/vace/seed", 41).dgram
    other = connect("1.1")
    with show.plain() as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in struct.pack(">I", len(packet)) + packet:
            slow.sendall(bytes([byte]))
            other.send_message("/vace/ping", byte)
            assert answers(other, 1) == [("/vace/pong", [byte])]
        wait_for(lambda: show.mailbox.get("/vace/seed") == 41, "the message to be whole")


def test_one_that_does_not_read_its_answers_is_closed_and_the_others_are_served(show: Show, connect: Callable):
    """What it leaves unread fills the system's buffers first and then ours, which is bounded."""
    other = connect("1.0")
    with show.plain() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        question = build_msg("/vace/list", "").dgram
        many = (struct.pack(">I", len(question)) + question) * 100

        def closed() -> bool:
            with contextlib.suppress(OSError):
                greedy.sendall(many)
            other.send_message("/vace/ping", 1)
            pongs.extend(answers(other, 1))
            return show.server.counters.closed == 1

        pongs: list[Any] = []
        wait_for(closed, f"more than {MAX_WAITING} bytes to be unread")
    assert set(map(str, pongs)) == {"('/vace/pong', [1])"}
    assert show.server.counters.connections == 1


def test_one_connection_too_many_is_closed_and_counted(show: Show, connect: Callable):
    clients = [connect("1.0") for _ in range(MAX_CONNECTIONS)]
    for client in clients:
        client.send_message("/vace/ping", 1)
        answers(client, 1)
    with show.plain() as late:
        assert late.recv(1) == b""
    assert show.server.counters.closed == 1
    for client in clients:
        client.close()
    wait_for(lambda: show.server.counters.connections == 0, "them to be gone")


def test_connections_that_say_nothing_lock_nobody_out(show: Show, connect: Callable):
    with contextlib.ExitStack() as streams:
        silent = [streams.enter_context(show.plain()) for _ in range(MAX_CONNECTIONS)]
        wait_for(lambda: show.server.counters.connections == MAX_CONNECTIONS, "all of them")
        client = connect("1.0")
        client.send_message("/vace/ping", 7)
        assert answers(client, 1) == [("/vace/pong", [7])]
        assert silent[0].recv(1) == b"", "the oldest makes room"
        assert show.server.counters.connections == MAX_CONNECTIONS


def port_of(clock: Callable[[], float], may_stay: Callable[[Any], bool] = lambda _: True) -> TcpPort:
    """A port without a server's thread."""
    selector = selectors.DefaultSelector()
    return TcpPort(
        "127.0.0.1", 0, selector, lambda _: True, OscCounters(), lambda *_: None, lambda _: None, may_stay, clock
    )


def serve(port: TcpPort) -> None:
    """What a server's thread does, until nothing is to be done."""
    while ready := port._selector.select(0.05):
        for key, events in ready:
            key.data(events)


def test_who_says_nothing_is_closed_after_a_while_and_who_has_spoken_is_not():
    now = 100.0
    port = port_of(lambda: now)
    with connected(port) as silent, connected(port) as half, connected(port) as speaking:
        half.sendall(b"\0\0")
        packet = build_msg("/vace/ping", 1).dgram
        speaking.sendall(struct.pack(">I", len(packet)) + packet)
        serve(port)
        port.round(now + 0.9 * SILENT_SECONDS)
        assert port._counters.connections == 3
        port.round(now + 1.1 * SILENT_SECONDS)
        assert (port._counters.connections, port._counters.closed) == (1, 2)
        assert (silent.recv(1), half.recv(1)) == (b"", b"")
    port.close()


def test_who_speaks_but_is_not_let_in_is_closed_too():
    port = port_of(lambda: 100.0, may_stay=lambda _: False)
    with connected(port) as stranger:
        packet = build_msg("/vace/scale", 1).dgram
        stranger.sendall(struct.pack(">I", len(packet)) + packet)
        serve(port)
        port.round(100.0 + 1.1 * SILENT_SECONDS)
        assert stranger.recv(1) == b""
    port.close()


def test_a_machine_gets_so_many_connections(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tcp, "is_here", lambda _: False)
    port = port_of(lambda: 100.0)
    with contextlib.ExitStack() as streams:
        for _ in range(MAX_FROM_ONE):
            streams.enter_context(connected(port))
        serve(port)
        with connected(port) as late:
            serve(port)
            assert late.recv(1) == b""
        assert (port._counters.connections, port._counters.closed) == (MAX_FROM_ONE, 1)
    port.close()


def test_a_system_that_has_no_descriptors_left_is_asked_now_and_then(caplog: pytest.LogCaptureFixture):
    now = 100.0
    port = port_of(lambda: now)
    listener, refusals = port._listener, 0

    class Refusing:
        def accept(self) -> None:
            nonlocal refusals
            refusals += 1
            raise OSError(errno.EMFILE, "Too many open files")

        def __getattr__(self, name: str) -> Any:
            return getattr(listener, name)

    with connected(port):
        port._listener = Refusing()  # type: ignore[assignment]
        for _ in range(20):
            serve(port)
            port.round(now + 0.5 * RETRY_SECONDS)
        assert refusals == 1
        assert len(caplog.records) == 1
        port._listener = listener
        port.round(now + 1.1 * RETRY_SECONDS)
        serve(port)
        assert port._counters.connections == 1
    port.close()


def connected(port: TcpPort) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port.port), timeout=ANSWER_SECONDS)


def test_a_port_in_use_is_named_and_the_other_port_is_given_back(show: Show):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        udp = probe.getsockname()[1]
    with pytest.raises(BridgeError, match=rf"by TCP cannot listen on 127\.0\.0\.1:{show.port.port}.*another port"):
        OscServer(TABLE, show.mailbox, "127.0.0.1", udp, tcp=("127.0.0.1", show.port.port))
    OscServer(TABLE, show.mailbox, "127.0.0.1", udp).stop()
