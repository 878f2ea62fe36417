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

    def begin(self) -> float:
        """A chunk begins now: that time."""
        self._began = _clocks() if self._count is not None else (time.monotonic(), 0.0, 0.0)
        return self._began[0]

    def end(self) -> str:
        """It went well; returns what is to be said, "" for nothing."""
        if self._count is None:
            return ""
        now = _clocks()
        wall, processor, idle = (end - began for end, began in zip(now, self._began, strict=True))
        before = self._count.count
        said = self._count.note_chunk(now[0], wall, processor, idle / max(wall, 1e-6))
        if self._count.count != before:
            self._apply(self._count.count)
        return said


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
