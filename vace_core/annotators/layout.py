"""Layout: where things are, as coloured boxes on white."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PALETTE = (
    (230, 25, 75),
    (60, 180, 75),
    (0, 90, 230),
    (245, 130, 48),
    (145, 30, 180),
    (0, 190, 200),
    (240, 50, 230),
    (170, 110, 40),
    (128, 0, 0),
    (0, 128, 128),
    (0, 0, 128),
    (128, 128, 0),
)
"""RGB of a box's outline; which one is a label's never changes."""


@dataclass(frozen=True)
class Box:
    """Where a thing is, in pixels from the top left, and what it is."""

    left: float
    top: float
    right: float
    bottom: float
    label: str


def colour(label: str) -> tuple[int, int, int]:
    """The colour of a label, the same in every run."""
    return PALETTE[zlib.crc32(label.encode()) % len(PALETTE)]


def draw_layout(boxes: Sequence[Box], height: int, width: int) -> np.ndarray:
    """The outlines of the boxes, later ones over earlier ones -> RGB uint8 [H, W, 3].

    A box that goes out of the picture is drawn along its border.
    """
    picture = np.full((height, width, 3), 255, np.uint8)
    thick = max(2, height // 64)
    for box in boxes:
        left, right = np.clip(np.rint((box.left, box.right)), 0, width).astype(int)
        top, bottom = np.clip(np.rint((box.top, box.bottom)), 0, height).astype(int)
        inner = picture[top + thick : bottom - thick, left + thick : right - thick].copy()
        picture[top:bottom, left:right] = colour(box.label)
        picture[top + thick : bottom - thick, left + thick : right - thick] = inner
    return picture
