"""Layout: where things are, as coloured boxes on white."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .boxes import Box, SteadyBoxes
from .detectors import Detector, Things
from .pixels import to_control

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


class Layout:
    """The boxes of a stream of frames, drawn; they stay with their things and do not tremble."""

    def __init__(self, detector: Detector | None = None, device: torch.device | str = "cpu") -> None:
        self._detector = Things(device) if detector is None else detector
        self._steady = SteadyBoxes()

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> coloured boxes on white [1, 3, F, H, W] in [-1, 1]."""
        height, width = frames.shape[3:]
        boxes = [self._steady.update(found) for found in self._detector.detect(frames)]
        return to_control(np.stack([draw_layout(of_frame, height, width) for of_frame in boxes]), frames)

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._detector.reset()
        self._steady.reset()
