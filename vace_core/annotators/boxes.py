"""Boxes around things, and boxes that stay with their things from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

SAME = 0.3
"""Boxes of two frames that share this part of their area, or more, are of the same thing."""

NEW = 0.5
"""How far a box goes toward where its thing is found now, so that it does not tremble."""

PATIENCE = 2
"""Frames for which the box of a thing that is not found any more stays."""


@dataclass(frozen=True)
class Box:
    """Where a thing is, in pixels from the top left, and what it is. score 0..1: how sure that is."""

    left: float
    top: float
    right: float
    bottom: float
    label: str
    score: float = 1.0

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)


def overlap(one: Box, other: Box) -> float:
    """The area that both share as a part of the area that either covers, 0..1."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(0.0, across) * max(0.0, down)
    either = one.area + other.area - shared
    return shared / either if either > 0 else 0.0


class SteadyBoxes:
    """Follows boxes through a stream: they move softly, and bridge a frame or two in which their thing is missed."""

    def __init__(self) -> None:
        self._tracks: list[tuple[Box, int]] = []

    def update(self, found: Sequence[Box]) -> list[Box]:
        """Take in a frame's boxes, and give those of that frame, the largest first."""
        left = list(found)
        tracks: list[tuple[Box, int]] = []
        for box, missed in self._tracks:
            same = max((new for new in left if new.label == box.label), key=lambda new: overlap(box, new), default=None)
            if same is not None and overlap(box, same) >= SAME:
                left.remove(same)
                tracks.append((_toward(box, same), 0))
            elif missed < PATIENCE:
                tracks.append((box, missed + 1))
        tracks += [(box, 0) for box in left if all(overlap(box, known) < SAME for known, _ in tracks)]
        self._tracks = sorted(tracks, key=lambda track: -track[0].area)
        return [box for box, _ in self._tracks]

    def reset(self) -> None:
        """Forget, as after a cut."""
        self._tracks = []


def _toward(box: Box, found: Box) -> Box:
    def mixed(before: float, now: float) -> float:
        return before + NEW * (now - before)

    return replace(
        found,
        left=mixed(box.left, found.left),
        top=mixed(box.top, found.top),
        right=mixed(box.right, found.right),
        bottom=mixed(box.bottom, found.bottom),
    )
