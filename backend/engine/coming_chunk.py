"""The chunk that is waited for, of which the first frames can be prepared before the last have come."""

from __future__ import annotations

from vace_core.constants import FRAMES_PER_LATENT

from .timeline import Span


class ComingChunk:
    """Its span, which stays as it is once it is planned, and how many of its `count` frames are prepared."""

    def __init__(self, span: Span, count: int) -> None:
        self.span, self.count = span, count
        self._moments = span.moments(count)
        self._prepared = 0

    def next_four(self, newest: float) -> list[float]:
        """The moments of the next four frames, once and only if a newer frame of the source has come than they are.

        Then no other frame can be the one of these moments any more. newest: the time of the source's newest frame.
        """
        four = self._moments[self._prepared : self._prepared + FRAMES_PER_LATENT]
        if len(four) < FRAMES_PER_LATENT or newest <= four[-1]:
            return []
        self._prepared += FRAMES_PER_LATENT
        return four
