import math
import secrets
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from backend.controls.frame_source import frame_address
from backend.front import capture as module
from backend.front.capture import Capture, source_rate
from backend.front.side_input import SideInput
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing
from tests.backend.waiting import wait_for

SIZE = (32, 48)


def unheard(reason: str) -> None:
    """What is told is of no interest here; printed, it could end up in another test's output."""


@pytest.fixture
def sender() -> Iterator[FrameRing]:
    with FrameRing.create(f"vacetest{secrets.token_hex(4)}", 4, 200, 200, 4) as ring:
        yield ring


def send(ring: FrameRing, height: int, width: int, value: int = 0, channels: int = 3) -> None:
    ring.write(Frame(np.full((height, width, channels), value, np.uint8), ring.written, time.monotonic()))


def newest(capture: Capture) -> Frame | None:
    return capture.ring.latest()


def test_a_source_that_changes_size_is_fitted_and_counted(sender):
    capture = Capture(f"shm:{sender.name}", SIZE, 30.0, unheard).start()
    try:
        for number, (height, width, channels) in enumerate(((64, 96, 3), (10, 200, 4), (32, 48, 3))):

            def arrived(number=number, shape=(height, width, channels)) -> bool:
                send(sender, *shape[:2], value=50 + number, channels=shape[2])
                frame = newest(capture)
                return frame is not None and int(frame.pixels[16, 24, 0]) == 50 + number

            wait_for(arrived, f"size {number}")
        frame = newest(capture)
        assert frame is not None
        assert frame.pixels.shape == (32, 48, 3)
        assert capture.status(time.monotonic()).size_changes == 2
        assert capture.status(time.monotonic()).size == (32, 48)
    finally:
        capture.stop()


def test_a_source_that_stops_is_lost_and_found_again(sender, monkeypatch):
    monkeypatch.setattr(module, "LOST_SECONDS", 0.1)
    capture = Capture(f"shm:{sender.name}", SIZE, 30.0, unheard).start()
    try:
        wait_for(lambda: (send(sender, 32, 48), newest(capture))[1], "the first frame")
        wait_for(lambda: capture.status(time.monotonic()).lost, "the loss")
        assert newest(capture) is not None, "its last frame is still there"
        wait_for(lambda: (send(sender, 32, 48), not capture.status(time.monotonic()).lost)[1], "its return")
        assert capture.status(time.monotonic()).losses == 1
    finally:
        capture.stop()


def test_a_source_that_is_not_there_yet_is_told_and_found_when_it_comes(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    name = f"vacetest{secrets.token_hex(4)}"
    told: list[str] = []
    capture = Capture(f"shm:{name}", SIZE, 30.0, told.append).start()
    try:
        wait_for(lambda: told, "the reason")
        assert name in told[0]
        with FrameRing.create(name, 4, 32, 48, 3) as ring:
            wait_for(lambda: (send(ring, 32, 48), newest(capture))[1], "a frame")
    finally:
        capture.stop()


def test_numbers_go_on_when_a_source_is_opened_again(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    name = f"vacetest{secrets.token_hex(4)}"
    capture = Capture(f"shm:{name}", SIZE, 30.0, lambda _: None).start()
    try:
        last = -1
        for _ in range(2):
            with FrameRing.create(name, 4, 32, 48, 3) as ring:

                def arrived(ring=ring, last=last) -> bool:
                    send(ring, 32, 48)
                    frame = newest(capture)
                    return frame is not None and frame.number > last

                wait_for(arrived, "a frame")
                frame = newest(capture)
                assert frame is not None
                last = frame.number
    finally:
        capture.stop()


def test_a_rate_is_the_files_own_or_thirty(tmp_path):
    assert source_rate("testcard:") == 30.0


def test_a_picture_as_mask_is_in_its_ring_at_once(tmp_path):
    path = tmp_path / "mask.png"
    cv2.imwrite(str(path), np.full((100, 100, 3), 200, np.uint8))
    side = SideInput(SIZE, 30.0, unheard)
    name = side.set_address(f"file:{path}")
    assert name is not None
    with FrameRing.attach(name) as ring:
        frame = ring.latest()
        assert frame is not None
        assert frame.pixels.shape == (32, 48, 3)
        assert frame.pixels.min() == 200
    assert side.set_address("") is None
    side.close()


def test_a_mask_source_is_opened_once_and_left_when_another_is_asked_for(sender):
    side = SideInput(SIZE, 30.0, unheard)
    first = side.set_address(f"shm:{sender.name}")
    assert first is not None
    assert side.set_address(f"shm:{sender.name}") == first
    assert side.set_address("testcard:") not in (None, first)
    assert side.set_address("") is None
    side.close()


def test_a_mask_picture_that_is_not_there_is_told(tmp_path):
    told: list[str] = []
    side = SideInput(SIZE, 30.0, told.append)
    assert side.set_address(f"file:{tmp_path / 'no.png'}") is None
    assert "no.png" in told[0]


def test_a_mask_picture_is_found_as_soon_as_it_is_there_and_never_grows_old(tmp_path, monkeypatch):
    monkeypatch.setattr("backend.front.side_input.LOOK_SECONDS", 0.0)
    told: list[str] = []
    side, path = SideInput(SIZE, 30.0, told.append), tmp_path / "late.png"
    assert [side.set_address(f"file:{path}") for _ in range(3)] == [None] * 3
    assert len(told) == 1
    cv2.imwrite(str(path), np.full((32, 48, 3), 200, np.uint8))
    name = side.set_address(f"file:{path}")
    assert name is not None
    assert side.set_address(f"file:{path}") == name
    with FrameRing.attach(name) as ring:
        frame = ring.latest()
        assert frame is not None
        assert frame.time == math.inf
    side.close()


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("mask.png", "file:mask.png"),
        ("C:\\masks\\a.png", "file:C:\\masks\\a.png"),
        ("file:mask.mp4", "file:mask.mp4"),
        ("shm:mask", "shm:mask"),
    ],
)
def test_a_plain_path_is_a_files(source, address):
    assert frame_address(source) == address
