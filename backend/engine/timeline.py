"""Which moments of the input a chunk covers: chosen by time, so that the output moves as fast as what was filmed."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.video.frames import Frame

HISTORY_FRAMES = 256
"""Frames of the input that are remembered at most."""


@dataclass(frozen=True)
class Span:
    """Seconds on the monotonic clock, from just after `start` to `end`."""

    start: float
    end: float

    def moments(self, count: int) -> list[float]:
        """`count` moments spread evenly over the span, the last one its end."""
        step = (self.end - self.start) / count
        return [self.start + step * (i + 1) for i in range(count)]


def next_span(previous: Span | None, now: float, count: int, fps: float, reach: float) -> Span:
    """The span of the next chunk of `count` frames. It goes on where the previous one ended and lasts until now.

    A chunk never covers more than `fps` frames per second: if the engine is faster than that, the span ends in the
    future, and it must wait until then. It never begins before `reach`, the oldest moment that is still known.
    """
    least = count / fps
    if previous is None:
        return Span(now - least, now)
    end = max(now, previous.end + least)
    start = max(previous.end, min(reach, end - least))
    return Span(start, end)


class FrameHistory:
    """The input's frames since the last chunk, as far as they are still known.

    since(number) gives the frames after that number, oldest first (a FrameRing's); -1 for all.
    """

    def __init__(self, since: Callable[[int], Sequence[Frame]]) -> None:
        self._since = since
        self._frames: list[Frame] = []

    @property
    def oldest(self) -> float | None:
        """The time of the oldest known frame; None before the first one."""
        return self._frames[0].time if self._frames else None

    @property
    def newest(self) -> float:
        """The time of the newest known frame; -inf before the first one."""
        return self._frames[-1].time if self._frames else -math.inf

    def pull(self) -> None:
        """Add the frames that are new."""
        self._frames.extend(self._since(self._frames[-1].number if self._frames else -1))
        del self._frames[:-HISTORY_FRAMES]

    def pick(self, moments: Sequence[float]) -> list[Frame]:
        """The frame of each moment; nothing if none has ever come. A source that has stopped stays at its last one."""
        return pick(self._frames, moments) if self._frames else []

    def forget(self, before: float) -> None:
        """Drop the frames that no later moment can show."""
        while len(self._frames) > 1 and self._frames[1].time <= before:
            del self._frames[0]


def pick(frames: Sequence[Frame], moments: Sequence[float]) -> list[Frame]:
    """For each moment the newest of `frames` (at least one, oldest first) that is not newer; else the oldest."""
    times = [frame.time for frame in frames]
    return [frames[max(0, bisect_right(times, moment) - 1)] for moment in moments]
