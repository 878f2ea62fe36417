"""Frames for ticks that fall between two of the engine's: the first one held, both blended, or both warped by flow.

A host at 60 Hz has several ticks for each frame of an engine at 15. The optical flow between two frames is found in a
thread of its own while they wait for their ticks, so that a tick only has to warp.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence

import cv2
import numpy as np

from bridge.threads import GuardedThread
from bridge.video.frames import Frame

EDGE = cv2.BORDER_REPLICATE
PAIRS = 64
"""Pairs of frames that wait for their flow, and flows that are kept."""


class FrameInterpolator:
    """Makes frames between frames. `mixed` counts ticks that wanted flow before it was found, and were blended."""

    def __init__(self) -> None:
        self.mixed = 0
        self._waiting: deque[tuple[Frame, Frame]] = deque(maxlen=PAIRS)
        self._flows: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()
        self._newest: Frame | None = None
        self._changed = threading.Condition()
        self._thread = GuardedThread("flow", self._run)
        self._grid = np.zeros((0, 0, 2), np.float32)

    def expect(self, frames: Sequence[Frame]) -> None:
        """Frames that are to be output, in their order: begin to find the flow between them."""
        with self._changed:
            if self._thread.ident is None:  # it was never needed yet
                self._thread.start()
            for frame in frames:
                if self._newest is not None:
                    self._waiting.append((self._newest, frame))
                self._newest = frame
            self._changed.notify()

    def interpolate(self, way: str, first: Frame, second: Frame | None, part: float) -> np.ndarray:
        """Pixels, RGB uint8 `[H, W, 3]`, `part` (0 to 1) of the way from `first` to `second`.

        way: one of choices.INTERPOLATIONS.
        """
        if way == "hold" or second is None or part <= 0.0:
            return first.pixels
        if way == "flow":
            flow = self._flows.get((first.number, second.number))
            if flow is not None:
                return self._warped(first.pixels, second.pixels, flow, part)
            self.mixed += 1
        return cv2.addWeighted(first.pixels, 1.0 - part, second.pixels, part, 0.0)

    def close(self) -> None:
        """End the search for flow."""
        with self._changed:
            self._thread.stopping.set()
            self._changed.notify()
        self._thread.stop()

    def _run(self) -> None:
        search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._thread.stopping.is_set())
                if self._thread.stopping.is_set():
                    return
                first, second = self._waiting.popleft()
            before, after = (cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY) for frame in (first, second))
            flow = search.calc(before, after, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
            with self._changed:
                self._flows[first.number, second.number] = flow
                while len(self._flows) > PAIRS:
                    self._flows.popitem(last=False)

    def _warped(self, first: np.ndarray, second: np.ndarray, flow: np.ndarray, part: float) -> np.ndarray:
        """Both frames moved to where things are at `part`, and mixed. flow: float32 `[H, W, 2]`, first to second."""
        if self._grid.shape != flow.shape:
            height, width = flow.shape[:2]
            self._grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
        moved = [
            cv2.remap(pixels, self._grid + way * flow, None, cv2.INTER_LINEAR, borderMode=EDGE)  # pyright: ignore
            for pixels, way in ((first, -part), (second, 1.0 - part))
        ]
        return cv2.addWeighted(moved[0], 1.0 - part, moved[1], part, 0.0)
