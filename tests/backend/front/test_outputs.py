"""Sinks that fail, and come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from backend.front import outputs as module
from backend.front.outputs import Output
from bridge.errors import BridgeError
from bridge.video.frames import Frame
from tests.backend.waiting import wait_for

FRAME = Frame(np.zeros((4, 6, 3), np.uint8), 0, 0.0)

pytestmark = pytest.mark.faults


class FakeSink:
    """Takes frames until it is told to fail; `opens` are the errors that opening it raises, one after the other."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.failing: Exception | None = None
        self.opens: list[Exception] = []

    @contextmanager
    def open(self, *_: object) -> Iterator[FakeSink]:
        if self.opens:
            raise self.opens.pop(0)
        yield self

    def send(self, frame: Frame) -> None:
        if self.failing is not None:
            raise self.failing
        self.frames.append(frame)


@pytest.fixture
def sink(monkeypatch) -> FakeSink:
    fake = FakeSink()
    monkeypatch.setattr(module, "open_sink", fake.open)
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    return fake


def sent_until(output: Output, condition, what: str) -> None:
    wait_for(lambda: (output.send(FRAME), condition())[1], what)


@pytest.mark.parametrize("raised", [BridgeError("the sender has gone"), OSError("device lost"), ZeroDivisionError()])
def test_a_sink_that_fails_is_opened_again_and_it_is_said_once(sink, raised):
    told: list[str] = []
    output = Output("shm:out", 6, 4, 30.0, told.append)
    sent_until(output, lambda: sink.frames, "a frame")
    sink.failing, sink.opens = raised, [BridgeError("not yet"), BridgeError("not yet")]
    sent_until(output, lambda: output.failure, "the failure")
    sink.failing = None
    before = len(sink.frames)
    sent_until(output, lambda: len(sink.frames) > before, "frames again")
    assert output.failure is None
    assert len(told) == 1
    output.close()


def test_a_file_that_fails_is_not_opened_again(sink):
    told: list[str] = []
    output = Output("file:out.mp4", 6, 4, 30.0, told.append)
    sent_until(output, lambda: sink.frames, "a frame")
    sink.failing = BridgeError("the disk is full")
    sent_until(output, lambda: told, "the reason")
    sink.failing = None
    output.close()
    assert output.failure == "the disk is full"
    assert output.dropped


def test_one_that_cannot_be_opened_at_first_raises_whatever_it_is(sink):
    for raised in (BridgeError("no such thing"), OSError("no device")):
        sink.opens = [raised]
        with pytest.raises(type(raised), match="no"):
            Output("shm:out", 6, 4, 30.0)


def test_a_failed_one_ends_with_close(sink):
    output = Output("shm:out", 6, 4, 30.0)
    sink.failing, sink.opens = BridgeError("gone"), [BridgeError("gone")] * 10_000
    sent_until(output, lambda: output.failure, "the failure")
    output.close()
