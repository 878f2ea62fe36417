"""The canvas: where the source lies in the picture. What is outside it is generated (outpainting)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .fitting import cover

GRAY = 128


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels; it may stick out of the picture, or lie outside it."""

    top: int
    left: int
    height: int
    width: int

    def inside(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of a picture of that size that the box covers; empty where it covers none."""
        return _span(self.top, self.height, height), _span(self.left, self.width, width)


@dataclass(frozen=True)
class Canvas:
    """Left and upper edge of the source, and its size, in parts of the picture's width and height.

    x and y may be negative, and x + w above 1: what sticks out is cut off. A size of another shape than the picture's
    is filled by cutting the source, never by stretching it.
    """

    x: float = 0.0
    y: float = 0.0
    w: float = 1.0
    h: float = 1.0

    def box(self, height: int, width: int) -> Box:
        """Where the source lies in a picture of that size, in whole pixels, at least one."""
        return Box(
            round(self.y * height), round(self.x * width), max(1, round(self.h * height)), max(1, round(self.w * width))
        )

    def fills(self, height: int, width: int) -> bool:
        """Whether the source covers all of a picture of that size."""
        rows, columns = self.box(height, width).inside(height, width)
        return (rows, columns) == (slice(0, height), slice(0, width))

    def is_empty(self, height: int, width: int) -> bool:
        """Whether nothing of the source is seen in a picture of that size."""
        rows, columns = self.box(height, width).inside(height, width)
        return rows.stop == 0 or columns.stop == 0

    def place(self, picture: np.ndarray) -> np.ndarray:
        """uint8 `[H, W, C]` with the source where it lies; outside, its own edge is drawn on, so that nothing jumps."""
        height, width = picture.shape[:2]
        box = self.box(height, width)
        if box == Box(0, 0, height, width):
            return picture
        if self.is_empty(height, width):
            return np.full_like(picture, GRAY)
        rows, columns = box.inside(height, width)
        visible = cover(picture, box.height, box.width)[
            rows.start - box.top : rows.stop - box.top, columns.start - box.left : columns.stop - box.left
        ]
        edges = (rows.start, height - rows.stop, columns.start, width - columns.stop)
        return cv2.copyMakeBorder(visible, *edges, cv2.BORDER_REPLICATE)

    def outside(self, height: int, width: int) -> np.ndarray:
        """Mask float32 `[H, W]`: 1 where the source is not."""
        mask = np.ones((height, width), np.float32)
        mask[self.box(height, width).inside(height, width)] = 0.0
        return mask


def _span(start: int, length: int, of: int) -> slice:
    begin, end = max(start, 0), min(start + length, of)
    return slice(begin, end) if begin < end else slice(0, 0)
