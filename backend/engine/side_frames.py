"""Frames that come in or go out beside the show's own: of masks, and of control videos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.errors import BridgeError
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from .timeline import FrameHistory, Span

LOST_SECONDS = 1.0
"""A mask source without a new frame for so long before a chunk counts as gone."""


class SideFrames:
    """Frames that come in beside the input, in a ring of the front's that changes with their source."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._ring: FrameRing | None = None
        self._history = FrameHistory(lambda _: [])

    def update(self, name: str | None) -> FrameHistory:
        """What has come up to now; another source has another ring, so no old frame can be taken for new."""
        if name != self._name:
            if self._ring is not None:
                self._ring.close()
            self._name, self._ring = name, None if name is None else _attached(name)
            self._history = FrameHistory(lambda _: []) if self._ring is None else FrameHistory(self._ring.since)
        self._history.pull()
        return self._history

    def forget(self, before: float) -> None:
        """Drop the frames that no later moment can show."""
        self._history.forget(before)


def mask_frames_of(history: FrameHistory, span: Span, moments: Sequence[float]) -> list[np.ndarray] | None:
    """The mask source's frame of each moment; None if it has none yet, or is gone."""
    if history.newest < span.start - LOST_SECONDS:
        return None
    return [frame.pixels for frame in history.pick(moments)]


def write_synced(
    ring: FrameRing, frames: np.ndarray | None, moments: Sequence[float], source_numbers: Sequence[int]
) -> None:
    """Write a control video or masks `[F, H, W, 3]`, each with the number of the source's frame that it is of.

    Only the last frames are written if the ring holds fewer; nothing for None.
    """
    if frames is None:
        return
    rows = list(zip(frames, moments, source_numbers, strict=True))[-ring.slots :]
    for pixels, moment, source_number in rows:
        ring.write(Frame(pixels, ring.written, moment, source_number))


def _attached(name: str) -> FrameRing | None:
    """A ring of the front's; None if the front has just given it up again."""
    try:
        return FrameRing.attach(name)
    except BridgeError:
        return None
