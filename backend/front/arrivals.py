"""The frames that come into a ring, for whoever wants each of them once."""

from __future__ import annotations

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing


class Arrivals:
    """The frames of a ring, each taken once."""

    def __init__(self, ring: FrameRing) -> None:
        self._ring = ring
        self._last_number = -1

    def drain(self) -> list[Frame]:
        """Those that have come since the last call, oldest first."""
        frames = self._ring.since(self._last_number)
        if frames:
            self._last_number = frames[-1].number
        return frames
