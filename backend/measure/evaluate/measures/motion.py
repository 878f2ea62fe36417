"""Whether what moves along with a clip stays what it was."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from .likeness import luma

HIDDEN = 0.1
"""Where the clip itself, moved along, is off by more than this, something was covered or came into sight."""


@dataclass(frozen=True)
class Motion:
    """How a clip moves: where each pixel was one frame before, and whether it was seen there.

    places [F - 1, 2, H, W] float32 are columns and rows, seen [F - 1, H, W] is bool.
    """

    places: np.ndarray
    seen: np.ndarray

    @classmethod
    def of(cls, clip: np.ndarray) -> Motion:
        """By OpenCV's DIS optical flow between the frames [F, H, W, 3] uint8."""
        rows, columns = np.mgrid[: clip.shape[1], : clip.shape[2]].astype(np.float32)
        places = np.moveaxis(flow_of(clip), -1, 1) + np.stack((columns, rows))
        return cls(places, _changes(clip, places) < HIDDEN)

    def flicker(self, pictures: np.ndarray) -> float:
        """Mean change of lightness (0..1) along the motion, from frame to frame, where nothing was hidden.

        pictures [F, H, W, 3] uint8, of as many frames as the clip or of fewer.
        """
        changes = _changes(pictures, self.places)
        seen = self.seen[: len(changes)]
        return float(changes[seen].mean()) if seen.any() else 0.0


def flow_of(pictures: np.ndarray) -> np.ndarray:
    """Where each pixel was one frame before, as a step [F - 1, H, W, 2] float32 in pixels."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
    return np.stack([dis.calc(now, before, np.zeros((*now.shape, 2), np.float32)) for before, now in pairwise(gray)])


def _changes(pictures: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How much the lightness [F - 1, H, W] of each pixel differs from where it was in the frame before."""
    light = luma(pictures)
    moved = (
        cv2.remap(before, place[0], place[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for before, place in zip(light, places, strict=False)
    )
    return np.stack([np.abs(now - before) for now, before in zip(light[1:], moved, strict=False)])
