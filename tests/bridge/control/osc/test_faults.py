"""The OSC server goes on whatever happens in its thread."""

from __future__ import annotations

import errno
import logging
import selectors
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pythonosc.udp_client import SimpleUDPClient

from backend.controls.table import TABLE
from bridge.control.mailbox import Mailbox
from bridge.control.osc import server as module
from bridge.control.osc.server import OscServer
from tests.backend.waiting import wait_for

ANSWER_SECONDS = 5.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OscServer]:
    monkeypatch.setattr(module, "ERROR_SECONDS", 0.005)
    server = OscServer(TABLE, Mailbox(TABLE), "127.0.0.1", 0, tcp=("127.0.0.1", 0))
    yield server
    server.stop()


def ping(server: OscServer, token: int) -> None:
    """Ask until it is answered: what is sent while a server fails may be lost."""
    with closing(SimpleUDPClient("127.0.0.1", server.port)) as client:

        def answered() -> bool:
            client.send_message("/vace/ping", token)
            return any(message.params == [token] for message in client.get_messages(0.2))

        wait_for(answered, "a pong")


class Failing:
    """Stands for a socket that fails some times and then is as it was."""

    def __init__(self, really: socket.socket, error: OSError, times: int) -> None:
        self._really, self._error, self.left = really, error, times

    def recvfrom(self, size: int) -> Any:
        if self.left:
            self.left -= 1
            raise self._error
        return self._really.recvfrom(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._really, name)


@pytest.mark.faults
def test_a_listener_that_raises_keeps_no_other_value_out_and_its_sender_is_told(server: OscServer):
    mailbox, heard = server._dispatcher._mailbox, []

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    mailbox.listen("/vace/scale", fail)
    mailbox.listen("/vace/scale", lambda value, _: heard.append(value))
    mailbox.listen("/vace/seed", lambda value, _: heard.append(value))
    reports = mailbox.apply([("/vace/scale", 0.5), ("/vace/seed", 3)])
    assert heard == [0.5, 3]
    assert reports == [("/vace/scale", "/vace/scale could not be done: a bug")]


@pytest.mark.faults
def test_a_packet_that_brings_out_a_fault_is_counted_and_the_next_is_answered(
    server: OscServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    really = server._dispatcher._read

    def read(message: Any, *rest: Any) -> None:
        if message.address == "/vace/boom":
            raise RuntimeError("only a test")
        really(message, *rest)

    monkeypatch.setattr(server._dispatcher, "_read", read)
    server.start()
    with closing(SimpleUDPClient("127.0.0.1", server.port)) as client:
        for _ in range(50):
            client.send_message("/vace/boom", 1)
        client.send_message("/vace/ping", 7)
        assert [message.params for message in client.get_messages(ANSWER_SECONDS)] == [[7]]
    assert (server.counters.faults, server._thread.faults) == (50, 0)
    assert len([record for record in caplog.records if "only a test" in record.message]) == 1


@pytest.mark.faults
def test_a_round_that_raises_every_time_holds_up_no_packet(server: OscServer, monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise RuntimeError("in a round")

    monkeypatch.setattr(server._subscribers, "round", fail)
    server.start()
    wait_for(lambda: server.counters.faults >= 3, "some rounds")
    ping(server, 8)
    assert server._thread.faults == 0


@pytest.mark.faults
def test_a_thread_that_raises_answers_afterwards(server: OscServer, monkeypatch: pytest.MonkeyPatch):
    really, left = server._selector.select, [3]

    def fail(timeout: float | None = None) -> Any:
        if left[0]:
            left[0] -= 1
            raise OSError("not a socket")
        return really(timeout)

    monkeypatch.setattr(server._selector, "select", fail)
    server.start()
    wait_for(lambda: server._thread.faults == 3, "the faults")
    ping(server, 8)
    assert server._thread.is_alive()


@pytest.mark.faults
def test_what_is_called_at_the_start_and_raises_is_not_called_for_ever():
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise OSError("no right to a higher priority")

    server = OscServer(TABLE, Mailbox(TABLE), "127.0.0.1", 0, at_start=fail).start()
    ping(server, 9)
    server.stop()
    assert calls == [1]


def test_that_an_earlier_answer_found_nobody_costs_no_packet(server: OscServer, caplog: pytest.LogCaptureFixture):
    """Windows says so (10054) when the next packet is read."""
    gone = ConnectionResetError(errno.ECONNRESET, "forcibly closed")
    server._socket = Failing(server._socket, gone, 100)  # type: ignore[assignment]
    with closing(SimpleUDPClient("127.0.0.1", server.port)) as client:
        client.send_message("/vace/scale", 0.5)
        wait_for(lambda: bool(selectors_ready(server)), "the packet")
        server._receive()
    assert len(server._received) == 1
    assert not caplog.records


def selectors_ready(server: OscServer) -> list[Any]:
    with selectors.DefaultSelector() as waiting:
        waiting.register(server._socket.fileno(), selectors.EVENT_READ)
        return waiting.select(0.1)


def test_a_socket_that_fails_is_asked_again_after_a_pause_and_noted_once(
    server: OscServer, caplog: pytest.LogCaptureFixture
):
    failing = Failing(server._socket, OSError(errno.ENOBUFS, "no room"), 30)
    server._socket = failing  # type: ignore[assignment]
    with caplog.at_level(logging.DEBUG):
        server.start()
        ping(server, 10)
    assert failing.left == 0
    assert len([record for record in caplog.records if "no room" in record.message]) == 1
    assert server._thread.faults == 0


def test_answers_that_cannot_be_sent_end_nothing(server: OscServer):
    class Mute(Failing):
        def sendto(self, *_: Any) -> int:
            if self.left:
                self.left -= 1
                raise self._error
            return self._really.sendto(*_)

        def recvfrom(self, size: int) -> Any:
            return self._really.recvfrom(size)

    mute = Mute(server._socket, OSError(errno.ENOBUFS, "no room"), 5)
    server._socket = mute  # type: ignore[assignment]
    server.start()
    ping(server, 11)
    assert mute.left == 0


def test_a_connection_that_fails_takes_no_other_with_it(server: OscServer):
    server.start()
    assert server.tcp is not None
    with socket.create_connection(("127.0.0.1", server.tcp.port)) as rude:
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        rude.sendall(b"\0\0\0\x10")
    ping(server, 12)
    wait_for(lambda: server.counters.connections == 0, "it to be forgotten")
