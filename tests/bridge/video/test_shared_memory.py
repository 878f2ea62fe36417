"""Frames between programs through shared memory: either side may come, go and change its size."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video import shared_memory
from bridge.video.address import open_sink, open_source
from bridge.video.frames import Frame
from bridge.video.protocol import Sink, Source

READ_SECONDS = 0.02


@pytest.fixture
def uri() -> str:
    return f"shm:vt{uuid.uuid4().hex[:10]}"


def _frame(number: int, height: int = 32, width: int = 48) -> Frame:
    return Frame(np.full((height, width, 3), number, np.uint8), number, 0.0, source_number=100 + number)


def test_frames_go_through_newest_first_and_each_once(uri: str):
    with open_sink(uri, 48, 32, 30) as sink, open_source(uri, 48, 32, 30) as source:
        assert source.read(0) is None
        for number in (1, 2):
            sink.send(_frame(number))
        frame = source.read(READ_SECONDS)
        assert frame is not None
        assert (frame.number, frame.source_number) == (2, 102)
        np.testing.assert_array_equal(frame.pixels, _frame(2).pixels)
        assert source.read(READ_SECONDS) is None
        sink.send(_frame(3))
        assert source.read(READ_SECONDS).number == 3  # type: ignore[union-attr]


def test_a_sender_of_a_single_picture_is_seen_by_who_comes_later(uri: str):
    with open_sink(uri, 48, 32, 30) as sink:
        sink.send(_frame(9))
        with open_source(uri, 48, 32, 30) as source:
            assert source.read(0).number == 9  # type: ignore[union-attr]


def test_a_receiver_may_come_and_go(uri: str):
    with open_sink(uri, 48, 32, 30) as sink:
        for number in range(3):
            with open_source(uri, 48, 32, 30) as source:
                sink.send(_frame(number))
                assert source.read(READ_SECONDS).number == number  # type: ignore[union-attr]


def test_a_sender_that_was_started_again_is_followed(uri: str):
    first = open_sink(uri, 48, 32, 30)
    first.send(_frame(1))
    with open_source(uri, 48, 32, 30) as source:
        assert source.read(READ_SECONDS).number == 1  # type: ignore[union-attr]
        first.close()
        with open_sink(uri, 48, 32, 30) as second:
            assert source.read(READ_SECONDS) is None
            second.send(_frame(2))
            assert source.read(READ_SECONDS).number == 2  # type: ignore[union-attr]


def test_a_sender_that_went_is_told(uri: str):
    sink = open_sink(uri, 48, 32, 30)
    with open_source(uri, 48, 32, 30) as source:
        sink.close()
        with pytest.raises(BridgeError, match="start its sender"):
            source.read(0)
        assert uri.removeprefix("shm:") in source.describe()


def test_frames_may_change_their_size_and_outgrow_what_was_asked_for(uri: str):
    with open_sink(uri, 48, 32, 30) as sink, open_source(uri, 48, 32, 30) as source:
        for number, (height, width) in enumerate([(32, 48), (16, 16), (64, 96), (32, 48)]):
            sink.send(_frame(number, height, width))
            frame = source.read(READ_SECONDS) or source.read(READ_SECONDS)
            assert frame is not None
            assert frame.pixels.shape == (height, width, 3)


@pytest.mark.parametrize("opened", [open_source, open_sink])
def test_a_ring_needs_a_name(opened):
    with pytest.raises(BridgeError, match="shm:NAME"):
        opened("shm:", 48, 32, 30)


@pytest.mark.skipif(sys.platform != "linux", reason="Windows keeps shared memory as long as somebody has it open")
def test_a_ring_that_somebody_removes_is_put_back_and_its_receiver_finds_it(uri: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared_memory, "LOOK_SECONDS", 0.0)
    with open_sink(uri, 48, 32, 30.0) as sink, open_source_after(sink, uri) as source:
        assert source.read(READ_SECONDS) is not None
        Path("/dev/shm", uri.removeprefix("shm:")).unlink()
        sink.send(_frame(1))
        found = [frame for _ in range(3) if (frame := source.read(READ_SECONDS))]
        assert [frame.number for frame in found] == [1]


def open_source_after(sink: Sink, uri: str) -> Source:
    sink.send(_frame(0))
    return open_source(uri, 48, 32, 30.0)
