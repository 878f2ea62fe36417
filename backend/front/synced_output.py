"""Control video and mask as they go to sinks of their own: on every tick the one of the frame that is on the output."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

QUEUE_FRAMES = 128


class SyncedOutput:
    """Shows a ring's frames beside the output's, by the input frame that both are of.

    blank: what is shown, in grey 0..255, where there is none, as nothing is followed or all is restyled. Used by the
    presenter's thread; `show` of the outputs must not wait.
    """

    def __init__(self, ring: FrameRing, size: tuple[int, int], blank: int, show: Sequence[Callable[[Frame], None]]):
        self._ring = ring
        self._show = show
        self._blank = np.full((*size, 3), blank, np.uint8)
        self._seen = -1
        self._coming: deque[Frame] = deque(maxlen=QUEUE_FRAMES)

    def show(self, output: Frame) -> None:
        """What belongs to the frame that is on the output now."""
        fresh = self._ring.since(self._seen)
        if fresh:
            self._seen = fresh[-1].number
            self._coming.extend(fresh)
        while self._coming and self._coming[0].source_number < output.source_number:
            self._coming.popleft()
        found = bool(self._coming) and self._coming[0].source_number == output.source_number
        pixels = self._coming[0].pixels if found else self._blank
        for show in self._show:
            show(Frame(pixels, output.number, output.time, output.source_number))
