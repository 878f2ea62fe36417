"""A source of frames: `noise:SEED` is coloured noise that drifts."""

from __future__ import annotations

import cv2
import numpy as np

from bridge.errors import BridgeError
from bridge.video.frames import Frame
from bridge.video.pace import Pace


class NoiseSource:
    """A `bridge.video.protocol.Source` of the asked size and rate."""

    def __init__(self, rest: str, width: int, height: int, fps: float) -> None:
        if rest and not rest.isdecimal():
            raise BridgeError(f"noise: takes a seed, a whole number, got {rest!r}")
        coarse = np.random.default_rng(int(rest or 0)).integers(0, 256, (8, 12, 3), np.uint8)
        self._picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        self._fps, self._pace, self._number = fps, Pace(), 0

    def read(self, timeout: float) -> Frame | None:
        moment = self._pace.wait(self._number / self._fps, timeout)
        if moment is None:
            return None
        frame = Frame(np.roll(self._picture, self._number, axis=1), self._number, moment)
        self._number += 1
        return frame

    def describe(self) -> str:
        height, width = self._picture.shape[:2]
        return f"noise, {width}x{height} at {self._fps:g} frames a second"

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> NoiseSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
