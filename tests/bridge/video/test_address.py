"""Frame addresses, and the sources and sinks that are not files or shared memory."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video import address, camera, pace
from bridge.video.address import open_sink, open_source
from bridge.video.camera import CameraSource
from bridge.video.frames import Frame
from bridge.video.pace import LATE_SECONDS, Pace

NO_CAMERA = 97


@pytest.mark.parametrize("uri", ["", "clip", "nothing:TD", "null:", "http://x/y.mp4", "Testcard:"])
def test_an_address_that_is_no_source_is_told_with_those_that_are(uri: str):
    with pytest.raises(BridgeError, match="testcard:, file:, camera:, shm:, spout:, touch:, ndi:, syphon:") as refusal:
        open_source(uri, 64, 48, 25)
    assert repr(uri) in str(refusal.value)


@pytest.mark.parametrize("uri", ["camera:0", "testcard:", "nothing:wall"])
def test_an_address_that_is_no_sink_is_told_with_those_that_are(uri: str):
    with pytest.raises(BridgeError, match="file:, shm:, null:, window:, screen:, vcam:, spout:, touch:, ndi:, syphon:"):
        open_sink(uri, 64, 48, 25)


@pytest.mark.parametrize("path", ["clip.mp4", "clips/a.mov", r"C:\clips\a.mp4"])
def test_a_path_without_its_scheme_is_told_how_to_be_written(path: str):
    with pytest.raises(BridgeError) as refusal:
        open_source(path, 64, 48, 25)
    assert f"write file:{path}" in str(refusal.value)


def test_a_camera_that_is_not_there_is_told_in_one_line(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(BridgeError, match=f"camera {NO_CAMERA} is not there") as refusal:
        open_source(f"camera:{NO_CAMERA}", 64, 48, 25)
    assert "\n" not in str(refusal.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("index", ["", "x", "-1", "1.5", "²", "99999999999"])
def test_a_camera_is_a_number(index: str):
    with pytest.raises(BridgeError, match="write its number, as camera:0"):
        open_source(f"camera:{index}", 64, 48, 25)


class PluggedIn:
    """What OpenCV gives for a camera, whose frame n is all n; after `left` frames it is unplugged."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.shown = 0
        self.released = False

    def isOpened(self) -> bool:
        return True

    def set(self, what: int, value: float) -> bool:
        return True

    def get(self, what: int) -> float:
        return 32.0

    def read(self) -> tuple[bool, np.ndarray | None]:
        if self.shown == self.left:
            return False, None
        self.shown += 1
        return True, np.dstack([np.full((8, 8), value, np.uint8) for value in (0, 0, self.shown)])

    def release(self) -> None:
        self.released = True


def test_a_camera_gives_its_newest_frame_each_once_in_rgb(monkeypatch: pytest.MonkeyPatch):
    device = PluggedIn(left=5)
    monkeypatch.setattr(camera, "_opened", lambda index: device)
    with CameraSource("0", 32, 32, 30) as source:
        numbers = []
        while not numbers or numbers[-1] < 4:
            frame = source.read(10.0)
            assert frame is not None
            assert frame.pixels[0, 0].tolist() == [frame.number + 1, 0, 0]
            numbers.append(frame.number)
        assert numbers == sorted(set(numbers))
        assert source.read(0) is None
        assert source.describe() == "camera 0, 32x32"
    assert device.released


def test_a_camera_that_was_unplugged_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera, "_opened", lambda index: PluggedIn(left=0))
    monkeypatch.setattr(camera, "GIVE_UP_SECONDS", 0.01)
    with CameraSource("3", 32, 32, 30) as source, pytest.raises(BridgeError, match="camera 3 gives no pictures"):
        assert source.read(0.02) is None


def test_a_test_card_comes_at_the_asked_size_and_rate_and_moves():
    with open_source("testcard:", 160, 96, 200) as source:
        frames = [source.read(1.0) for _ in range(6)]
        assert "160x96 at 200" in source.describe()
    assert all(frame is not None and frame.pixels.shape == (96, 160, 3) for frame in frames)
    assert [frame.number for frame in frames if frame] == list(range(6))
    assert np.diff([frame.time for frame in frames if frame]) == pytest.approx([1 / 200] * 5)
    assert len({frame.pixels.tobytes() for frame in frames if frame}) == 6


def test_a_test_card_tells_up_from_down_left_from_right_and_red_from_blue():
    with open_source("testcard:", 160, 96, 30) as source:
        frame = source.read(1.0)
    assert frame is not None
    top, bottom = frame.pixels[:48], frame.pixels[60:]
    assert top.mean() > bottom.mean() + 40
    red, blue = frame.pixels[30, 125].tolist(), frame.pixels[30, 150].tolist()
    assert (red, blue) == ([235, 16, 16], [16, 16, 235])


def test_nowhere_takes_everything():
    with open_sink("null:", 64, 48, 25) as sink:
        sink.send(Frame(np.zeros((48, 64, 3), np.uint8), 0, 0.0))


class Clock:
    """Stands in for the module `time`: sleeping moves it on."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def test_frames_are_given_when_they_are_due(clock: Clock):
    steps = Pace()
    assert [steps.wait(due, 1.0) for due in (0.0, 0.5, 1.25)] == [100.0, 100.5, 101.25]
    assert clock.now == 101.25


def test_a_frame_that_is_not_due_in_time_is_waited_for_again(clock: Clock):
    steps = Pace()
    steps.wait(0.0, 1.0)
    assert [steps.wait(0.5, 0.2), steps.wait(0.5, 0.2), steps.wait(0.5, 0.2)] == [None, None, 100.5]


def test_after_a_pause_there_is_no_burst(clock: Clock):
    steps = Pace()
    steps.wait(0.0, 1.0)
    clock.now += 10 + LATE_SECONDS
    assert [steps.wait(due, 1.0) for due in (0.1, 0.2)] == pytest.approx([110.5, 110.6])


class Echo:
    """Stands for a source and a sink from outside."""

    def __init__(self, rest: str, width: int, height: int, fps: float) -> None:
        self.made_with = rest, width, height, fps


class Reader(Echo):
    def read(self, timeout: float) -> None:
        return None


class Sender(Echo):
    def send(self, frame: object) -> None:
        pass


@pytest.fixture
def schemes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemes that are registered are forgotten afterwards."""
    monkeypatch.setattr(address, "SOURCES", dict(address.SOURCES))
    monkeypatch.setattr(address, "SINKS", dict(address.SINKS))


@pytest.mark.usefixtures("schemes")
def test_a_class_from_outside_is_a_source_or_a_sink_by_its_method():
    address.register("reader", Reader)
    address.register("sender", Sender)
    made = address.open_source("reader:a:b", 64, 48, 24.0)
    assert isinstance(made, Reader)
    assert made.made_with == ("a:b", 64, 48, 24.0)
    assert isinstance(address.open_sink("sender:", 64, 48, 24.0), Sender)
    with pytest.raises(BridgeError, match="not an address of a sink"):
        address.open_sink("reader:", 64, 48, 24.0)


@pytest.mark.usefixtures("schemes")
def test_a_module_from_outside_may_have_both():
    address.register("both", SimpleNamespace(Source=Reader, Sink=Sender))
    assert isinstance(address.open_source("both:", 64, 48, 24.0), Reader)
    assert isinstance(address.open_sink("both:", 64, 48, 24.0), Sender)


@pytest.mark.usefixtures("schemes")
@pytest.mark.parametrize(
    ("scheme", "transport", "reason"),
    [
        ("file", Reader, "there is a scheme file: already"),
        ("null", Reader, "already"),
        ("x", Reader, "two or more"),  # a drive of Windows
        ("Reader", Reader, "lower-case"),
        ("echo", Echo, "neither a source's read nor a sink's send"),
    ],
)
def test_a_scheme_that_cannot_be_is_refused(scheme: str, transport: object, reason: str):
    with pytest.raises(ValueError, match=reason):
        address.register(scheme, transport)
