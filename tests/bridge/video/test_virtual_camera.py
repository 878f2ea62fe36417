"""A virtual camera, with a stand-in for pyvirtualcam: no camera is to be had here."""

from __future__ import annotations

import sys
import time
import types
from typing import ClassVar

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video.address import open_sink
from bridge.video.frames import Frame


class Camera:
    """As pyvirtualcam's: RGB uint8 of its own size."""

    made: ClassVar[list[Camera]] = []

    def __init__(self, width: int, height: int, fps: float, *, device: str | None = None) -> None:
        if device == "taken":
            raise RuntimeError("device is in use")
        self.width, self.height, self.fps, self.device = width, height, fps, device
        self.sent: list[np.ndarray] = []
        self.closed = False
        Camera.made.append(self)

    def send(self, frame: np.ndarray) -> None:
        if frame.shape != (self.height, self.width, 3) or frame.dtype != np.uint8 or not frame.flags.c_contiguous:
            raise ValueError("unexpected frame")
        if self.device == "broken":
            raise RuntimeError("unplugged")
        self.sent.append(frame)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    Camera.made.clear()
    monkeypatch.setitem(sys.modules, "pyvirtualcam", types.SimpleNamespace(Camera=Camera))  # type: ignore[arg-type]


def frame(width: int, height: int, channels: int) -> Frame:
    return Frame(np.full((height, width, channels), 7, np.uint8), 0, time.monotonic())


def test_frames_reach_the_first_camera_that_is_free_without_their_alpha():
    with open_sink("vcam:", 96, 64, 25.0) as sink:
        sink.send(frame(96, 64, 3))
        sink.send(frame(96, 64, 4))
    (camera,) = Camera.made
    assert (camera.width, camera.height, camera.fps, camera.device) == (96, 64, 25.0, None)
    assert (len(camera.sent), camera.closed) == (2, True)


def test_frames_of_another_size_open_it_again():
    with open_sink("vcam:OBS Virtual Camera", 96, 64, 25.0) as sink:
        sink.send(frame(128, 64, 3))
    first, second = Camera.made
    assert (first.closed, second.width, second.device, len(second.sent)) == (True, 128, "OBS Virtual Camera", 1)


def test_a_camera_that_cannot_be_had_says_what_it_needs():
    with pytest.raises(BridgeError, match=r"no virtual camera 'taken' \(device is in use\); .*v4l2loopback"):
        open_sink("vcam:taken", 96, 64, 25.0)
    with open_sink("vcam:broken", 96, 64, 25.0) as sink, pytest.raises(BridgeError, match="unplugged"):
        sink.send(frame(96, 64, 3))


def test_without_its_package_it_says_what_to_install_and_its_licence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(BridgeError, match=r"under the GPL; .*pip install pyvirtualcam"):
        open_sink("vcam:", 96, 64, 25.0)
