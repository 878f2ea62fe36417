"""A frame, as it crosses the border."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np


class PixelFormat(Enum):
    """Pixels are uint8, top row first: `RGB` is [H, W, 3], `RGBA` is [H, W, 4] with straight alpha."""

    RGB = 3
    RGBA = 4

    @property
    def channels(self) -> int:
        return self.value


@dataclass(frozen=True)
class Frame:
    """pixels uint8 [H, W, 3 or 4]; number counts what its source gave; time in seconds of `time.monotonic`.

    source_number: the number of the input frame that a restyled frame was made from, -1 where there is none.
    """

    pixels: np.ndarray
    number: int
    time: float
    source_number: int = -1

    @property
    def format(self) -> PixelFormat:
        return PixelFormat(self.pixels.shape[2])
