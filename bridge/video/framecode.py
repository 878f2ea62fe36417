"""A frame's number and time, written into its picture so that they can be read off the other end of any transport.

A strip of black and white cells along the top: 8 bits of a mark, 24 of the number, 32 of the time in tenths of a
millisecond (both count on from zero after their last value), 16 of a checksum. Cells are as large as the width allows
and are read at their centres, so the strip bears scaling, compression and another frame around it being restyled.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

CELLS, ROWS = 20, 4
MARK = 0b10110010
TICKS_PER_SECOND = 10_000
TIMES = 2**32
LEAST_WIDTH = 4 * CELLS
"""Pixels; a smaller picture has no room for cells that can be read."""


@dataclass(frozen=True)
class FrameCode:
    """number: of the frame, modulo 2**24. time: seconds, modulo 2**32 tenths of a millisecond (five days)."""

    number: int
    time: float

    def age(self, now: float) -> float:
        """Seconds from `time` to `now`, which is of the same clock."""
        return (round(now * TICKS_PER_SECOND) - round(self.time * TICKS_PER_SECOND)) % TIMES / TICKS_PER_SECOND


def strip_height(width: int) -> int:
    """Rows of pixels that the code takes in a picture of that width."""
    return ROWS * (width // CELLS // 2)


def write(picture: np.ndarray, number: int, time: float) -> None:
    """Write over the top of a picture, uint8 `[H, W, 3]`, in place. One that is too small is left as it is."""
    height, width = strip_height(picture.shape[1]), picture.shape[1]
    if width < LEAST_WIDTH or picture.shape[0] < 2 * height:
        return
    payload = MARK << 72 | (number % 2**24) << 48 | (round(time * TICKS_PER_SECOND) % TIMES) << 16
    bits = f"{payload | _checksum(payload):0{CELLS * ROWS}b}"
    cells = (np.frombuffer(bits.encode(), np.uint8) - ord("0")).reshape(ROWS, CELLS) * 255
    picture[:height] = cells[_index(height, ROWS)][:, _index(width, CELLS)][..., None]


def read(picture: np.ndarray) -> FrameCode | None:
    """What is written into a picture, uint8 `[H, W, 3 or 4]`; None if there is no whole code in it."""
    height, width = strip_height(picture.shape[1]), picture.shape[1]
    if width < LEAST_WIDTH or picture.shape[0] < 2 * height:
        return None
    rows, columns = _centres(height, ROWS), _centres(width, CELLS)
    cells = picture[rows[:, None], columns, :3].mean(axis=2) > 127
    payload = int("".join("1" if cell else "0" for cell in cells.flat), 2)
    if payload >> 72 != MARK or payload & 0xFFFF != _checksum(payload):
        return None
    return FrameCode(payload >> 48 & 0xFFFFFF, (payload >> 16 & 0xFFFFFFFF) / TICKS_PER_SECOND)


def _checksum(payload: int) -> int:
    return zlib.crc32((payload >> 16).to_bytes(8, "big")) & 0xFFFF


def _index(size: int, count: int) -> np.ndarray:
    """The cell that each of `size` pixels belongs to."""
    return np.arange(size) * count // size


def _centres(size: int, count: int) -> np.ndarray:
    return (2 * np.arange(count) + 1) * size // (2 * count)
