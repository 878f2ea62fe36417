"""Boxes around a mask's parts, each followed smoothly from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

PACE = 0.3
"""How much of its way a box goes in one frame."""
PATIENCE = 8
"""Frames that a box stays where it is while its part is not seen."""
SMALLEST = 0.001
"""Share of the picture below which a part is a speck."""


@dataclass
class Track:
    """A box, left top right bottom in pixels, and for how many frames there was no part for it."""

    box: np.ndarray
    unseen: int = 0


class BoxTracker:
    """A part that overlaps a box moves it; others get one of their own."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []

    def update(self, mask: np.ndarray, margin: float) -> np.ndarray:
        """Boxes, larger by `margin` pixels all round, in place of the parts of a crisp mask `[H, W]`."""
        free = list(self._tracks)
        for part in parts_of(mask):
            track = max(free, key=lambda one: overlap(one.box, part), default=None)
            if track is None or not overlap(track.box, part):
                self._tracks.append(Track(part))
                continue
            free = [one for one in free if one is not track]
            track.box, track.unseen = track.box + PACE * (part - track.box), 0
        for track in free:
            track.unseen += 1
        self._tracks = [track for track in self._tracks if track.unseen <= PATIENCE]
        boxes = np.zeros_like(mask)
        for track in self._tracks:
            fill(boxes, *(track.box + margin * np.array([-1, -1, 1, 1])))
        return boxes

    def reset(self) -> None:
        self._tracks = []


def parts_of(mask: np.ndarray) -> list[np.ndarray]:
    """The box of every part of a crisp mask that is no speck, the largest first: left top right bottom in pixels."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = [row for row in stats[1:] if row[cv2.CC_STAT_AREA] >= SMALLEST * mask.size]
    large.sort(key=lambda row: -row[cv2.CC_STAT_AREA])
    return [np.array([x, y, x + width, y + height], np.float32) for x, y, width, height, _ in large]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Pixels that two boxes share."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(np.prod(np.maximum(sides, 0.0)))


def fill(mask: np.ndarray, left: float, top: float, right: float, bottom: float) -> None:
    """Make a box, in pixels, white; what lies outside of the picture is cut off."""
    across, down = (slice(max(0, round(begin)), max(0, round(end))) for begin, end in ((left, right), (top, bottom)))
    mask[down, across] = 1.0
