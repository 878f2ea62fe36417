"""Rates and percentiles of a running show, in memory that does not grow."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Summary:
    """Of the last values, in their own unit; all 0.0 before the first."""

    count: int
    median: float
    p90: float
    p99: float
    largest: float


class Window:
    """The last `size` values of a series. One thread adds, any thread reads."""

    def __init__(self, size: int = 1024) -> None:
        self._values = np.zeros(size)
        self._lock = threading.Lock()
        self.count = 0

    def add(self, value: float) -> None:
        with self._lock:
            self._values[self.count % len(self._values)] = value
            self.count += 1

    def values(self) -> np.ndarray:
        """A copy of what is remembered, in no particular order."""
        with self._lock:
            return self._values[: min(self.count, len(self._values))].copy()

    def summary(self) -> Summary:
        values = self.values()
        if not len(values):
            return Summary(0, 0.0, 0.0, 0.0, 0.0)
        median, p90, p99 = np.percentile(values, (50, 90, 99))
        return Summary(self.count, float(median), float(p90), float(p99), float(values.max()))


class Rate:
    """Things per second over the last few seconds, counted in lots. One thread adds, any thread reads."""

    def __init__(self, lots: int = 512) -> None:
        self._lots: deque[tuple[float, int]] = deque(maxlen=lots)

    def add(self, now: float, count: int = 1) -> None:
        self._lots.append((now, count))

    def per_second(self, now: float, span: float = 5.0) -> float:
        """The rate over the `span` seconds before `now`; 0.0 when fewer than two lots came in it."""
        lots = [lot for lot in self._lots.copy() if lot[0] > now - span]
        if len(lots) < 2:
            return 0.0
        # A lot stands for the time since the lot before it, so the first one's things are not counted.
        return sum(count for _, count in lots[1:]) / max(lots[-1][0] - lots[0][0], 1e-6)
