import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from backend.controls.frame_source import frame_address
from backend.controls.table import TABLE
from backend.front import capture as module
from backend.front.capture import Capture, make_ring, source_rate, source_size
from backend.front.side_input import SideInput
from backend.imaging.probe import why_not
from backend.runtime.worker import shared_worker
from bridge.control.mailbox import Mailbox
from bridge.video.file import FileSink
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing
from tests.backend.waiting import wait_for
from tests.bridge.video.test_cases import CASES, needs_cases

SIZE = (32, 48)


MASK = "/vace/mask/source"


def unheard(reason: str) -> None:
    """What is told is of no interest here; printed, it could end up in another test's output."""


@pytest.fixture
def sender() -> Iterator[FrameRing]:
    with FrameRing.create(f"vacetest{secrets.token_hex(4)}", 4, 200, 200, 4) as ring:
        yield ring


def send(ring: FrameRing, height: int, width: int, value: int = 0, channels: int = 3) -> None:
    ring.write(Frame(np.full((height, width, channels), value, np.uint8), ring.written, time.monotonic()))


@contextmanager
def captured(uri: str, told: Callable[[str], None] = unheard) -> Iterator[Capture]:
    with make_ring(SIZE, channels=4) as ring:
        capture = Capture(uri, ring, SIZE, 30.0, told).start()
        try:
            yield capture
        finally:
            capture.stop()


def side_input(told: Callable[[str], None] = unheard, mailbox: Mailbox | None = None) -> SideInput:
    return SideInput(MASK, mailbox or Mailbox(TABLE), SIZE, 30.0, lambda address, reason: told(reason))


def newest(capture: Capture) -> Frame | None:
    return capture.ring.latest()


def test_a_source_that_changes_size_is_fitted_and_counted(sender):
    with captured(f"shm:{sender.name}") as capture:
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


def test_a_source_that_stops_is_lost_and_found_again(sender, monkeypatch):
    monkeypatch.setattr(module, "LOST_SECONDS", 0.1)
    with captured(f"shm:{sender.name}") as capture:
        wait_for(lambda: (send(sender, 32, 48), newest(capture))[1], "the first frame")
        wait_for(lambda: capture.status(time.monotonic()).lost, "the loss")
        assert newest(capture) is not None, "its last frame is still there"
        wait_for(lambda: (send(sender, 32, 48), not capture.status(time.monotonic()).lost)[1], "its return")
        assert capture.status(time.monotonic()).losses == 1


def test_a_source_that_is_not_there_yet_is_told_and_found_when_it_comes(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    name = f"vacetest{secrets.token_hex(4)}"
    told: list[str] = []
    with captured(f"shm:{name}", told.append) as capture:
        wait_for(lambda: told, "the reason")
        assert name in told[0]
        with FrameRing.create(name, 4, 32, 48, 3) as ring:
            wait_for(lambda: (send(ring, 32, 48), newest(capture))[1], "a frame")


def test_numbers_go_on_when_a_source_is_opened_again(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    name = f"vacetest{secrets.token_hex(4)}"
    with captured(f"shm:{name}", lambda _: None) as capture:
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


def test_a_rate_is_that_of_the_file_or_thirty(tmp_path):
    assert source_rate("testcard:") == 30.0
    with FileSink(str(tmp_path / "a.mp4"), 48, 32, 24.0) as sink:
        for number in range(24):
            sink.send(Frame(np.zeros((32, 48, 3), np.uint8), number, number / 24))
    assert source_rate(f"file:{tmp_path / 'a.mp4'}") == 24.0


def test_a_size_is_that_of_the_file_where_it_is_one(tmp_path):
    assert source_size("testcard:") is None
    with FileSink(str(tmp_path / "a.mp4"), 48, 64, 24.0) as sink:
        sink.send(Frame(np.zeros((64, 48, 3), np.uint8), 0, 0.0))
    assert source_size(f"file:{tmp_path / 'a.mp4'}") == (64, 48)
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 20, 3), np.uint8))
    assert source_size(f"file:{tmp_path / 'a.png'}") == (30, 20)


def test_what_is_cut_off_is_said_once_for_each_size(sender, caplog):
    with captured(f"shm:{sender.name}") as capture:
        wait_for(lambda: (send(sender, 64, 96), newest(capture))[1], "a frame of the output's shape")
        assert "cut off" not in caplog.text
        for _ in range(2):
            send(sender, 96, 64)
            wait_for(lambda: capture.status(time.monotonic()).size == (96, 64), "a frame upright")
    said = [record.getMessage() for record in caplog.records if "cut off" in record.getMessage()]
    assert len(said) == 1
    assert "is 64x96 and the output 48x32: 55 % of it is cut off" in said[0]


def test_an_input_can_be_shown_whole(sender):
    with make_ring(SIZE, channels=4) as ring:
        capture = Capture(f"shm:{sender.name}", ring, SIZE, 30.0, unheard, fit="contain").start()
        try:
            wait_for(lambda: (send(sender, 64, 32, 200), newest(capture))[1], "a frame")
            frame = newest(capture)
        finally:
            capture.stop()
    assert frame is not None
    assert (int(frame.pixels[16, 24, 0]), int(frame.pixels[16, 4, 0])) == (200, 0)


@needs_cases
def test_a_clip_that_claims_a_thousand_frames_a_second_sets_no_such_clock():
    assert source_rate(f"file:{CASES / 'mr_screen.webm'}") == pytest.approx(30, abs=1)


def test_a_picture_as_mask_is_in_its_ring_at_once_where_files_are_being_read(tmp_path):
    path = tmp_path / "mask.png"
    cv2.imwrite(str(path), np.full((100, 100, 3), 200, np.uint8))
    assert not shared_worker().call(why_not, str(path), False, seconds=30.0), "it was looked at, as in a show"
    side = side_input()
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
    side = side_input()
    first = side.set_address(f"shm:{sender.name}")
    assert first is not None
    assert side.set_address(f"shm:{sender.name}") == first
    assert side.set_address("testcard:") not in (None, first)
    assert side.set_address("") is None
    side.close()


def test_a_mask_picture_that_is_not_there_is_told_and_found_as_soon_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    told: list[str] = []
    side, path = side_input(told.append), tmp_path / "late.png"
    name = side.set_address(f"file:{path}")
    assert name is not None
    wait_for(lambda: told, "the reason")
    assert "late.png" in told[0]
    cv2.imwrite(str(path), np.full((32, 48, 3), 200, np.uint8))
    with FrameRing.attach(name) as ring:
        wait_for(ring.latest, "the picture")
        first = ring.latest()
        wait_for(lambda: (frame := ring.latest()) and first and frame.time > first.time, "the same, not old")
    side.close()


def test_a_mask_picture_that_is_saved_anew_is_read_anew_and_stays_while_it_is_torn(tmp_path):
    path = tmp_path / "mask.png"
    cv2.imwrite(str(path), np.full((32, 48, 3), 200, np.uint8))
    side = side_input()
    name = side.set_address(f"file:{path}")
    assert name is not None

    def shows(value: int) -> bool:
        frame = ring.latest()
        return frame is not None and int(frame.pixels[0, 0, 0]) == value

    with FrameRing.attach(name) as ring:
        wait_for(lambda: shows(200), "the picture")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        number = ring.written
        wait_for(lambda: ring.written > number + 2, "more of it")
        assert shows(200)
        cv2.imwrite(str(path), np.full((32, 48, 3), 100, np.uint8))
        wait_for(lambda: shows(100), "the new one")
    side.close()


@pytest.mark.parametrize(
    "shape",
    [(0, 48, 3), (32, 0, 3), (32, 48, 1), (32, 48, 2), (32, 48, 5)],
    ids=lambda shape: "x".join(map(str, shape)),
)
def test_a_frame_that_cannot_be_shown_is_told_and_the_next_good_one_is(sender, shape):
    told: list[str] = []
    with captured(f"shm:{sender.name}", told.append) as capture:
        wait_for(lambda: (send(sender, *shape[:2], channels=shape[2]), told)[1], "the reason")
        assert "x".join(map(str, shape)) in told[0]
        assert sender.name in told[0]
        wait_for(lambda: (send(sender, 32, 48, 77), newest(capture))[1], "a good frame")


@pytest.mark.faults
@pytest.mark.parametrize(
    "raised", [OSError("no such drive"), RuntimeError("no user"), ZeroDivisionError(), MemoryError()]
)
def test_whatever_a_source_raises_it_is_told_and_opened_again(monkeypatch, raised):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    told: list[str] = []
    broken = iter([raised, raised])

    def open_source(uri, *arguments):
        for error in broken:
            raise error
        return opened(uri, *arguments)

    opened = module.open_source
    monkeypatch.setattr(module, "open_source", open_source)
    with captured("testcard:", told.append) as capture:
        wait_for(lambda: newest(capture), "a frame")
        assert len(told) == 2
        assert type(raised).__name__ in told[0]


@pytest.mark.faults
def test_a_source_that_cannot_be_turned_to_leaves_the_old_one_and_its_frames(monkeypatch):
    def open_source(uri, *arguments):
        if uri == "testcard:":
            return opened(uri, *arguments)
        raise RuntimeError("no home of nosuchuser")

    opened = module.open_source
    monkeypatch.setattr(module, "open_source", open_source)
    told: list[str] = []
    with captured("testcard:", told.append) as capture:
        wait_for(lambda: newest(capture), "a frame")
        capture.turn_to("file:~nosuchuser/x.mp4")
        wait_for(lambda: told, "the reason")
        assert "testcard: is still the source" in told[0]
        number = capture.ring.written
        wait_for(lambda: capture.ring.written > number, "more frames")
        assert capture.uri == "testcard:"


@pytest.mark.faults
def test_a_capture_that_fails_or_ends_closes_nothing_that_others_read(monkeypatch):
    """The presenter shows the source's last frame from the ring, which whoever has made it closes."""
    faults, read_sources = iter([RuntimeError("nobody thought of this")]), Capture._read_sources

    def fail_once(self: Capture) -> None:
        for error in faults:
            raise error
        read_sources(self)

    monkeypatch.setattr(Capture, "_read_sources", fail_once)
    with captured("testcard:") as capture:
        wait_for(lambda: newest(capture), "a frame after the fault")
        capture.stop()
        assert newest(capture) is not None
        capture.ring.write(Frame(np.zeros((*SIZE, 3), np.uint8), 10_000, 0.0))


def test_a_source_that_cannot_be_opened_even_once_goes_back_to_what_was_there(sender, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    mailbox, told = Mailbox(TABLE), []
    side = side_input(told.append, mailbox)
    for kept in ("person", f"shm:{sender.name}"):
        mailbox.set(MASK, kept)
        side.set_address(kept if kept.startswith("shm:") else "")
        if side._capture is not None:
            capture = side._capture
            wait_for(lambda capture=capture: (send(sender, 32, 48), capture.opened)[1], "the good one")
        for bad in ("shm:", "shm:vacetestnowhere", "camera:x"):
            mailbox.set(MASK, bad)
            side.set_address(bad)
            wait_for(lambda kept=kept: mailbox.get(MASK) == kept, f"{kept} after {bad}")
            side.set_address(kept if kept.startswith("shm:") else "")
    assert len(told) >= 6
    side.close()


def test_what_was_set_while_a_source_was_tried_stays_and_the_source_is_withdrawn(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    mailbox, told, withdrawn = Mailbox(TABLE), [], []
    mailbox.on_withdrawal(withdrawn.append)
    side = side_input(told.append, mailbox)
    mailbox.set(MASK, "shm:vacetestnowhere")
    mailbox.set(MASK, "person")
    side.set_address("shm:vacetestnowhere")  # as a chunk does whose settings wait for the beat
    wait_for(lambda: told, "the reason")
    assert mailbox.get(MASK) == "person"
    assert [(gone.value, gone.used) for gone in withdrawn][:1] == [("shm:vacetestnowhere", "none")]
    side.close()


def test_what_was_set_at_the_start_is_waited_for(monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.01, 0.02))
    mailbox, told = Mailbox(TABLE), []
    name = f"vacetest{secrets.token_hex(4)}"
    mailbox.set(MASK, f"shm:{name}")
    side = side_input(told.append, mailbox)
    side.set_address(f"shm:{name}")
    wait_for(lambda: len(told) > 2, "some attempts")
    assert mailbox.get(MASK) == f"shm:{name}"
    with FrameRing.create(name, 4, 32, 48, 3) as ring:
        wait_for(lambda: (send(ring, 32, 48), side._capture and side._capture.has_frame.is_set())[1], "a frame")
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
