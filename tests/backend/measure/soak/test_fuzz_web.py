"""The fuzzer of the web servers, against the real ones, and against one that is not well."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.controls.table import TABLE
from backend.measure.soak import fuzz_web as module
from backend.measure.soak.fuzz_web import fuzz_web
from backend.panel import Panel
from backend.panel.picture_store import PictureStore
from bridge import threads
from bridge.control.mailbox import Mailbox
from bridge.control.oscquery.server import OscQueryServer
from tests.backend.panel.statuses import front_status

REQUESTS = 400


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What any guarded thread has survived."""
    seen: list[str] = []
    remove = threads.add_listener(lambda name, error: seen.append(f"{name}: {error!r}"))
    yield seen
    remove()


def test_the_page_answers_all_along_and_nothing_in_it_fails(faults: list[str], tmp_path: Path):
    pictures = PictureStore(tmp_path)
    with Panel(TABLE, Mailbox(TABLE), dict, front_status, port=0, pictures=pictures) as panel:
        result = fuzz_web("127.0.0.1", panel._server.port, REQUESTS, seed=1)
        assert panel._server.counters.damaged > 0
    assert (result.requests, result.good, result.failures) == (REQUESTS, REQUESTS // module.GOOD_EVERY, ())
    assert not faults


def test_oscquery_answers_all_along_and_nothing_in_it_fails(faults: list[str]):
    query = OscQueryServer(TABLE, Mailbox(TABLE), ("127.0.0.1", 9000), port=0).start()
    try:
        assert fuzz_web("127.0.0.1", query.port, REQUESTS, seed=2).failures == ()
    finally:
        query.stop()
    assert not faults


def test_the_same_seed_sends_the_same(monkeypatch: pytest.MonkeyPatch):
    def sent(seed: int) -> list[bytes]:
        heard: list[bytes] = []
        with ExitStack() as opened:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            monkeypatch.setattr(module, "_ask", lambda *_: None)
            hearing = threading.Thread(target=hear, args=(listener, heard, 20))
            hearing.start()
            fuzz_web("127.0.0.1", listener.getsockname()[1], 20, seed)
            hearing.join(20)
        return heard

    first = sent(7)
    assert len(first) == 20
    assert first == sent(7)
    assert first != sent(8)


def hear(listener: socket.socket, heard: list[bytes], count: int) -> None:
    """The first bytes of so many connections."""
    for _ in range(count):
        with listener.accept()[0] as one:
            heard.append(one.recv(64))


def test_a_server_that_does_not_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "GOOD_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = fuzz_web("127.0.0.1", silent.getsockname()[1], module.GOOD_EVERY, seed=1)
    assert len(result.failures) == 1
    assert "after 50 requests" in result.failures[0]
