"""A camera, through OpenCV."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import cv2

from ..errors import BridgeError
from ..threads import GuardedThread
from .frames import Frame

GIVE_UP_SECONDS = 3.0
"""A camera that gives nothing for this long is gone (unplugged)."""
RETRY_SECONDS = 0.05
PROBED = 4
"""Numbers tried to find a camera that is there, where the system has no list of them."""


class CameraSource:
    """`camera:N`, N from 0. Read in a thread of its own, so that the newest frame is always at hand."""

    def __init__(self, index: str, width: int, height: int, fps: float) -> None:
        if not (index.isascii() and index.isdecimal() and len(index) < 4):
            raise BridgeError(f"camera:{index} is not a camera; write its number, as camera:0")
        self._index = int(index)
        self._capture = _opened(self._index)
        if not self._capture.isOpened():
            self._capture.release()
            raise BridgeError(
                f"camera {self._index} is not there or in use by another program; {_others(self._index)} "
                f"(testcard: needs none)"
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
        self._number = 0
        self._last = time.monotonic()
        self._thread = GuardedThread(f"camera {index}", self._run)
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
        self._thread.stop()
        self._capture.release()

    def __enter__(self) -> CameraSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self._thread.stopping.is_set():
            there, picture = self._capture.read()
            if not there:
                time.sleep(RETRY_SECONDS)
                continue
            with self._changed:
                self._last = time.monotonic()
                self._frame = Frame(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), self._number, self._last)
                self._number += 1
                self._changed.notify_all()


def _opened(index: int) -> cv2.VideoCapture:
    """Quietly: OpenCV tells in several lines what the error above tells in one."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(index)
    finally:
        cv2.utils.logging.setLogLevel(level)


def _others(index: int) -> str:
    """Which cameras there are besides, for a person who gave the wrong number."""
    if sys.platform == "linux":
        names = (path.name.removeprefix("video") for path in Path("/dev").glob("video*"))
        found = sorted(int(name) for name in names if name.isdecimal())
    else:
        found = [number for number in range(PROBED) if number != index and _is_there(number)]
    found = [number for number in found if number != index]
    if not found:
        return "no other one was found: plug one in"
    return "there is " + ", ".join(f"camera:{number}" for number in found)


def _is_there(index: int) -> bool:
    capture = _opened(index)
    try:
        return capture.isOpened()
    finally:
        capture.release()
