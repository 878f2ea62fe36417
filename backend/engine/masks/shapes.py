"""Masks that are drawn: halves of the picture, rectangles, ellipses, polygons. Numbers are shares of its sides, 0..1.

A pixel belongs to a shape if its centre lies in it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

HALF_RECTS = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 0.5, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 0.5),
    "center": (0.25, 0.25, 0.5, 0.5),
}
Points = tuple[np.ndarray, np.ndarray]
"""Where the pixels' centres lie: `[1, W]` across and `[H, 1]` down, 0..1."""


@lru_cache(maxsize=8)
def drawn(kind: str, numbers: tuple[float, ...], height: int, width: int) -> np.ndarray:
    """The mask `[H, W]` of one of SHAPES; the same array as long as the same is asked for.

    numbers: of a rect x y width height, of an ellipse its centre and two radii, of a polygon x y of each corner.
    """
    points = (np.arange(width)[None] + 0.5) / width, (np.arange(height)[:, None] + 0.5) / height
    if kind == "ellipse":
        inside = _ellipse(numbers, *points)
    elif kind == "polygon":
        inside = _polygon(numbers, *points)
    else:
        inside = _rect(HALF_RECTS.get(kind, numbers), *points)
    mask = np.broadcast_to(inside, (height, width)).astype(np.float32)
    mask.setflags(write=False)
    return mask


def _rect(numbers: tuple[float, ...], across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """A negative width or height goes to the left or up, as when it is dragged there."""
    x, y, width, height = numbers
    left, right = sorted((x, x + width))
    top, bottom = sorted((y, y + height))
    return (left <= across) & (across < right) & (top <= down) & (down < bottom)


def _ellipse(numbers: tuple[float, ...], across: np.ndarray, down: np.ndarray) -> np.ndarray:
    x, y, wide, high = numbers
    if not wide or not high:
        return np.zeros((down.size, across.size), bool)
    return ((across - x) / wide) ** 2 + ((down - y) / high) ** 2 <= 1.0


def _polygon(numbers: tuple[float, ...], across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """By the even-odd rule: inside is where a ray to the right crosses an odd number of sides."""
    inside = np.zeros((down.size, across.size), bool)
    corners = list(zip(numbers[::2], numbers[1::2]))
    for (x, y), (to_x, to_y) in zip(corners, corners[1:] + corners[:1]):
        if y != to_y:
            crosses = (y > down) != (to_y > down)
            inside ^= crosses & (across < x + (to_x - x) * (down - y) / (to_y - y))
    return inside
