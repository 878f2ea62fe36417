"""Frames over the network by NDI, through cyndilib, whose packages bring the NDI library along.

NDI is a registered trademark of Vizrt NDI AB, https://ndi.video.
"""

from __future__ import annotations

import importlib
import time
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from ..errors import Absent, BridgeError
from .frames import Frame

SENDER = "VACE Live"
"""What a sink without a name sends as."""
FIND_SECONDS = 4.0
"""Senders on the network make themselves known by and by."""
GONE_SECONDS = 3.0
"""A connection that is down for this long is gone."""
POLL_SECONDS = 0.002


class NdiSource:
    """`ndi:NAME`, the sender of that name: "STAGE (Camera 1)", or "Camera 1" where that means only one.

    Gives the newest frame, each once. `read` raises BridgeError once the sender has gone.
    """

    def __init__(self, name: str, width: int, height: int, fps: float) -> None:
        if not name:
            raise BridgeError("ndi: needs the name of a sender, as ndi:NAME")
        finder, receiver, frames, wrapper = _cyndilib("finder", "receiver", "video_frame", "wrapper")
        self._asked = name
        self._finder = finder.Finder()
        self._finder.open()
        try:
            self.name = _found(self._finder, name)
        except BridgeError:
            self._finder.close()
            raise
        self._frame = frames.VideoFrameSync()
        self._receiver = receiver.Receiver(
            color_format=wrapper.RecvColorFormat.RGBX_RGBA,
            bandwidth=wrapper.RecvBandwidth.highest,
            allow_video_fields=False,
            recv_name=SENDER,
        )
        # Not `receive`, which waits with the interpreter held, or, told not to wait, may see no frame for seconds.
        self._receiver.frame_sync.set_video_frame(self._frame)
        self._receiver.set_source(self._finder.get_source(self.name))
        self._stamp = 0.0
        self._has_alpha = wrapper.FourCC.RGBA
        self._number = 0
        self._connected = time.monotonic()

    def read(self, timeout: float) -> Frame | None:
        end = time.monotonic() + timeout
        while True:
            pixels = self._newest()
            now = time.monotonic()
            if pixels is not None:
                self._connected = now
                frame = Frame(pixels, self._number, now)
                self._number += 1
                return frame
            if self._receiver.is_connected():
                self._connected = now
            elif now - self._connected > GONE_SECONDS:
                raise BridgeError(f"the NDI sender {self.name!r} has gone; {_those(self._finder)}")
            if now >= end:
                return None
            time.sleep(POLL_SECONDS)

    def describe(self) -> str:
        width, height = self._frame.get_resolution()
        return f"NDI sender {self.name!r}" + (f", {width}x{height}" if width else "")

    def close(self) -> None:
        self._receiver.disconnect()
        self._finder.close()

    def __enter__(self) -> NdiSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _newest(self) -> np.ndarray | None:
        """The newest frame, RGB or RGBA, if it is another one than the last. Never waits."""
        frame = self._frame
        self._receiver.frame_sync.capture_video()
        width, height = frame.get_resolution()
        if not width or frame.get_timestamp_posix() == self._stamp:
            return None
        self._stamp = frame.get_timestamp_posix()
        stride, has_alpha = frame.get_line_stride(), frame.get_fourcc() == self._has_alpha
        rows = frame.get_array().reshape(height, stride)
        pixels = rows[:, : 4 * width].reshape(height, width, 4)
        return pixels if has_alpha else pixels[..., :3]


class NdiSink:
    """`ndi:NAME` sends under that name, with this machine's in front of it."""

    def __init__(self, name: str, width: int, height: int, fps: float) -> None:
        self._sending, self._frames, self._wrapper = _cyndilib("sender", "video_frame", "wrapper")
        self._name = name or SENDER
        self._rate = Fraction(fps).limit_denominator(1001)
        self._open(width, height)

    def send(self, frame: Frame) -> None:
        height, width, channels = frame.pixels.shape
        if self._buffer.shape[:2] != (height, width):
            self._sender.close()
            self._open(width, height)
        if channels == 4:
            np.copyto(self._buffer, frame.pixels)
        else:
            cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2RGBA, dst=self._buffer)
        if not self._sender.write_video(self._buffer.reshape(-1)):
            raise BridgeError(f"the NDI sender {self._name!r} sends no more; start it again")

    def close(self) -> None:
        self._sender.close()

    def __enter__(self) -> NdiSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _open(self, width: int, height: int) -> None:
        """A sender has one size for life; receivers find the next one under the same name."""
        video = self._frames.VideoSendFrame()
        video.set_resolution(width, height)
        video.set_frame_rate(self._rate)
        video.set_fourcc(self._wrapper.FourCC.RGBA)
        self._sender = self._sending.Sender(self._name, clock_video=False)  # frames come paced already
        self._sender.set_video_frame(video)
        self._sender.open()
        self._buffer = np.empty((height, width, 4), np.uint8)


def _found(finder: Any, wanted: str) -> str:
    """The full name of the sender that is meant. Raises BridgeError if there is none, or more than one."""
    end = time.monotonic() + FIND_SECONDS
    while True:
        names = finder.get_source_names()
        matching = [wanted] if wanted in names else [name for name in names if name.endswith(f" ({wanted})")]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise BridgeError(f"ndi:{wanted} is more than one sender; write which: {', '.join(matching)}")
        if time.monotonic() > end:
            raise Absent(f"there is no NDI sender {wanted!r}; {_those(finder)}")
        time.sleep(0.05)


def _those(finder: Any) -> str:
    names = finder.get_source_names()
    if not names:
        return "none was found: start the other program's NDI output, and let the firewall pass it"
    return "there is " + ", ".join(f"ndi:{name}" for name in names)


def _cyndilib(*modules: str) -> tuple[Any, ...]:
    try:
        return tuple(importlib.import_module(f"cyndilib.{name}") for name in modules)
    except ImportError:
        raise BridgeError(
            "ndi: needs the package cyndilib; install it with: python start.py pip install cyndilib==0.1.3"
        ) from None
