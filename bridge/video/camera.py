"""A camera, through OpenCV."""

from __future__ import annotations

import threading
import time

import cv2

from .frames import Frame
from .protocol import BridgeError

GIVE_UP_SECONDS = 3.0
"""A camera that gives nothing for this long is gone (unplugged)."""


class CameraSource:
    """`camera:N`, N from 0. Read in a thread of its own, so that the newest frame is always at hand."""

    def __init__(self, index: str, width: int, height: int, fps: float) -> None:
        if not index.isdecimal():
            raise BridgeError(f"camera:{index} is not a camera; write its number, as camera:0")
        self._index = int(index)
        self._capture = cv2.VideoCapture(self._index)
        if not self._capture.isOpened():
            self._capture.release()
            raise BridgeError(
                f"camera {index} is not there or in use by another program; plug it in, close the other, or try "
                f"another number (testcard: needs none)"
            )
        for what, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, width),
            (cv2.CAP_PROP_FRAME_HEIGHT, height),
            (cv2.CAP_PROP_FPS, fps),
        ):
            self._capture.set(what, value)
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._taken = -1
        self._stopping = False
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"camera {index}", daemon=True)
        self._thread.start()

    def read(self, timeout: float) -> Frame | None:
        with self._changed:
            fresh = self._changed.wait_for(
                lambda: self._frame is not None and self._frame.number > self._taken, timeout
            )
            if fresh and self._frame is not None:
                self._taken = self._frame.number
                return self._frame
        if time.monotonic() - self._last > GIVE_UP_SECONDS:
            raise BridgeError(f"camera {self._index} gives no pictures any more; is it unplugged?")
        return None

    def describe(self) -> str:
        width, height = (int(self._capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        return f"camera {self._index}, {width}x{height}"

    def close(self) -> None:
        self._stopping = True
        self._thread.join()
        self._capture.release()

    def __enter__(self) -> CameraSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self) -> None:
        number = 0
        while not self._stopping:
            there, picture = self._capture.read()
            if not there:
                time.sleep(0.05)
                continue
            with self._changed:
                self._last = time.monotonic()
                self._frame = Frame(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), number, self._last)
                number += 1
                self._changed.notify_all()
