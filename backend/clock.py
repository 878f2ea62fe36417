"""The presenter's clock and its ticks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

SPIN_SECONDS = 0.0003
"""The end of a wait that is spent asking for the time: sleeping wakes up this much late on an idle machine."""


class Clock(Protocol):
    """Monotonic seconds, the same in every process of the machine."""

    def now(self) -> float: ...

    def wait_until(self, when: float) -> None:
        """Return at `when`, or at once if that is past."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        return time.monotonic()

    def wait_until(self, when: float) -> None:
        pause = when - time.monotonic() - SPIN_SECONDS
        if pause > 0:
            time.sleep(pause)
        while time.monotonic() < when:
            time.sleep(0)  # lets the other threads have the interpreter


@dataclass
class Ticker:
    """Ticks at a fixed rate from `start`. A tick that was missed is skipped, so there is never a burst."""

    fps: float
    start: float
    index: int = -1
    missed: int = 0

    def next_due(self, now: float) -> float:
        """Move to the next tick and return when it is due; past ticks whose successor is due too are missed."""
        self.index += 1
        latest = int((now - self.start) * self.fps)
        if latest > self.index:
            self.missed += latest - self.index
            self.index = latest
        return self.start + self.index / self.fps
