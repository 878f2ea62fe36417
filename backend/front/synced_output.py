"""Control video and masks on sinks of their own: with every tick the one of the frame that is on the output."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from .arrivals import Arrivals

QUEUE_FRAMES = 128


class SyncedOutput:
    """Sends a ring's frames beside the output's, by the source's frame that both are of.

    blank: gray level 0..255 of the frame that is sent where there is none, as nothing is followed or all is restyled.
    send: the outputs, which must not wait. Used by the presenter's thread.
    """

    def __init__(self, ring: FrameRing, size: tuple[int, int], blank: int, send: Sequence[Callable[[Frame], None]]):
        self._arrivals = Arrivals(ring)
        self._send = send
        self._blank = np.full((*size, 3), blank, np.uint8)
        self._queue: deque[Frame] = deque(maxlen=QUEUE_FRAMES)

    def send(self, output: Frame) -> None:
        """Send what belongs to the frame that is on the output now."""
        self._queue.extend(self._arrivals.drain())
        while self._queue and self._queue[0].source_number < output.source_number:
            self._queue.popleft()
        found = bool(self._queue) and self._queue[0].source_number == output.source_number
        pixels = self._queue[0].pixels if found else self._blank
        for send in self._send:
            send(Frame(pixels, output.number, output.time, output.source_number))
