"""The presenter's clock and its ticks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from bridge.clock_recovery import PeriodicClock

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
    """Ticks of a periodic clock, which may change from tick to tick. A tick that was missed is skipped: never a burst.

    Two ticks are never closer than half a period, so a clock whose phase moves makes no doubled tick either.
    """

    index: int = -1
    missed: int = 0
    _last: float | None = None

    def next_due(self, now: float, clock: PeriodicClock) -> float:
        """Move to the next tick and return when it is due; past ticks whose successor is due too are missed."""
        self.index += 1
        if self._last is None:
            self._last = clock.next_after(now - clock.period)
            return self._last
        due = clock.next_after(self._last + clock.period / 2)
        latest = clock.latest_at(now)
        if latest > due:
            skipped = round((latest - due) / clock.period)
            self.missed += skipped
            self.index += skipped
            due = latest
        self._last = due
        return due
