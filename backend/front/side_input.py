"""Frames that come in beside the input, as a mask's or a control's: opened and left as a control says, in the show."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from ..imaging.fitting import cover
from ..imaging.stills import PictureError, is_still, read_still
from .capture import Capture, make_ring

LOOK_SECONDS = 1.0
"""Between two looks for a picture that is not there."""


class SideInput:
    """Used by one thread. on_trouble(reason) is told why a source can't be used; the show then goes on without it."""

    def __init__(
        self,
        size: tuple[int, int],
        fps: float,
        on_trouble: Callable[[str], None],
    ) -> None:
        self._size = size
        self._fps = fps
        self._on_trouble = on_trouble
        self._address = ""
        self._looked = -math.inf
        self._capture: Capture | None = None
        self._still: FrameRing | None = None

    def set_address(self, address: str) -> str | None:
        """The name of the ring that this frame address' frames are in; None for "", or if it has none. Never waits."""
        self._turn_to(address)
        if self._address and self._capture is None and self._still is None:
            self._look_again(self._address.removeprefix("file:"))
        if self._capture is not None:
            return self._capture.ring.name
        return None if self._still is None else self._still.name

    def close(self, wait: bool = True) -> None:
        if self._capture is not None:
            self._capture.stop(wait)
        if self._still is not None:
            self._still.close()
        self._capture = self._still = None

    def _turn_to(self, address: str) -> None:
        """Leave what is open for a frame address, "" for none."""
        if address == self._address:
            return
        self.close(wait=False)
        self._address, path = address, address.removeprefix("file:")
        if address.startswith("file:") and is_still(path):
            self._looked = time.monotonic()
            self._show_still(path)
        elif address:
            self._capture = Capture(address, self._size, self._fps, self._on_trouble).start()

    def _look_again(self, path: str) -> None:
        """A picture that was not there, or was not whole, may have been put there since."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            if Path(path).exists():
                self._show_still(path)

    def _show_still(self, path: str) -> None:
        """A picture is written once, and never grows old."""
        try:
            picture = cover(read_still(path), *self._size)
        except PictureError as error:
            self._on_trouble(str(error))
            return
        self._still = make_ring(self._size, channels=3, slots=1)
        self._still.write(Frame(picture, 0, math.inf))
