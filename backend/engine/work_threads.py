"""The threads that a chunk is made with on the processor, and how busy the machine was meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from .thread_count import ThreadCount


class WorkThreads:
    """count: decides how many; None where that makes no difference, as on a graphics card. apply(n): has so many."""

    def __init__(self, count: ThreadCount | None = None, apply: Callable[[int], object] = lambda n: None) -> None:
        self._count, self._apply = count, apply
        self._began = (0.0, 0.0, 0.0)

    def begin(self, plays: float = 0.0) -> float:
        """A chunk whose frames are shown for so many seconds begins now: that time."""
        if self._count is None:
            return time.monotonic()
        self._count.begin_chunk(plays)
        self._began = _clocks()
        return self._began[0]

    def check(self) -> None:
        """A part of the chunk is done. Called by the thread that computes: torch counts the threads of each apart."""
        if self._count is None:
            return
        now, wall, processor, _ = self._taken()
        before = self._count.count
        self._count.note_part(now, wall, processor)
        self._apply_new(before)

    def end(self) -> str:
        """It went well; returns what is to be said, "" for nothing."""
        if self._count is None:
            return ""
        now, wall, processor, idle = self._taken()
        before = self._count.count
        said = self._count.note_chunk(now, wall, processor, idle / max(wall, 1e-6))
        self._apply_new(before)
        return said

    def _taken(self) -> tuple[float, float, float, float]:
        """Now, and seconds since the chunk began: of wall time, processor time, and idle cores."""
        now = _clocks()
        wall, processor, idle = (end - began for end, began in zip(now, self._began, strict=True))
        return now[0], wall, processor, idle

    def _apply_new(self, before: int) -> None:
        assert self._count is not None
        if self._count.count != before:
            self._apply(self._count.count)


def _clocks() -> tuple[float, float, float]:
    """Seconds: of the day's clock that never leaps, of this process's processor time, and of idle cores, summed."""
    return time.monotonic(), time.process_time(), psutil.cpu_times().idle


def threads_for(device: str) -> WorkThreads:
    """Those of a model on a device."""
    if device != "cpu":
        return WorkThreads()
    import torch

    most = torch.get_num_threads()
    return WorkThreads(ThreadCount(most), torch.set_num_threads) if most > 1 else WorkThreads()
