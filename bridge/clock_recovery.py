"""A steady clock, and how it is made out from when things arrive (frames of a host, pulses of a MIDI clock): jitter
smoothed, drops and pauses borne.

An alpha-beta filter: each arrival is compared with the nearest moment that the clock expects, and a part of the
difference goes to the phase, a smaller one to the period. The parts are those of a least-squares line at first (so a
new rate is known at once) and end at a floor (so the clock stays alive). Where the arrivals no longer fit, as after a
change of rate, they are gathered anew, and the old clock goes on meanwhile.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

ROUNDING = 1e-6
"""Periods that a moment may be off the clock by rounding."""
TOLERANCE = 0.05
"""How far beyond the slowest and fastest a rate may lie, as measured rates are never exact."""
FEWEST = 8
"""Intervals from which a rate is told."""
RECENT = 12
"""Arrivals by which it is seen that the rate is another one now."""
MISFIT = 0.2
"""Periods that those lie off the clock on average, if it is; a quarter would be pure chance."""
ANOTHER_RATE = 0.05
"""Rates that differ by less than this part count as one."""
PAUSE_SECONDS = 1.0
"""Without an arrival for so long there is a pause."""
PHASE_GAIN = 0.08
PERIOD_GAIN = PHASE_GAIN**2 / (2 - PHASE_GAIN)
"""Critically damped."""


@dataclass(frozen=True)
class PeriodicClock:
    """Moments `phase`, `phase + period`, ... in both directions; seconds."""

    period: float
    phase: float

    def next_after(self, when: float) -> float:
        """The first of its moments that is later than `when`."""
        return self.phase + (math.floor((when - self.phase) / self.period + ROUNDING) + 1) * self.period

    def latest_at(self, when: float) -> float:
        """The last of its moments that is not later than `when`."""
        return self.phase + math.floor((when - self.phase) / self.period + ROUNDING) * self.period


class ClockRecovery:
    """One thread tells it of arrivals, another asks for the clock. Times are seconds of one monotonic clock.

    slowest, fastest: arrivals a second; others are not followed.
    """

    def __init__(self, slowest: float, fastest: float) -> None:
        self._slowest, self._fastest = slowest, fastest
        self._lock = threading.Lock()
        self._intervals: deque[float] = deque(maxlen=RECENT)
        self._errors: deque[float] = deque(maxlen=RECENT)
        self._last: tuple[float, int | None] | None = None
        self._clock: PeriodicClock | None = None
        self._fitted = 0  # arrivals that the clock is made from; 0 while they are gathered anew
        self.changes = 0
        """How often another rate has come."""

    @property
    def clock(self) -> PeriodicClock | None:
        """When arrivals are expected; None until enough of them have come."""
        with self._lock:
            return self._clock

    def observe(self, when: float, number: int | None = None) -> None:
        """Something came at `when`. number: the sender's own count, if there is one, so that drops are known."""
        with self._lock:
            last, self._last = self._last, (when, number)
            if last is None or not 0 <= when - last[0] < PAUSE_SECONDS:
                self._gather_anew()
                return
            self._intervals.append((when - last[0]) / self._steps(last[1], number))
            if not self._fitted:
                self._begin(when)
                return
            self._correct(when)
            if not self._fits():
                self._gather_anew()

    def _gather_anew(self) -> None:
        self._intervals.clear()
        self._errors.clear()
        self._fitted = 0

    def _begin(self, when: float) -> None:
        """A clock from the first intervals, if they make one that can be."""
        if len(self._intervals) < FEWEST:
            return
        period = _mean(self._intervals, _typical(self._intervals))
        if not 1 / (self._fastest * (1 + TOLERANCE)) <= period <= (1 + TOLERANCE) / self._slowest:
            return
        if self._clock is not None and abs(period / self._clock.period - 1) > ANOTHER_RATE:
            self.changes += 1
        self._clock = PeriodicClock(period, when)
        self._fitted = FEWEST

    def _correct(self, when: float) -> None:
        """Correct the clock by one arrival."""
        assert self._clock is not None
        self._fitted += 1
        n = self._fitted
        phase_gain = max(2 * (2 * n - 1) / (n * (n + 1)), PHASE_GAIN)
        period_gain = max(6 / (n * (n + 1)), PERIOD_GAIN)
        period = self._clock.period
        count = round((when - self._clock.phase) / period)
        expected = self._clock.phase + count * period
        error = when - expected
        self._errors.append(abs(error) / period)
        self._clock = PeriodicClock(period + period_gain * error / max(count, 1), expected + phase_gain * error)

    def _fits(self) -> bool:
        """Whether the last arrivals came about when they were expected, and at that rate."""
        assert self._clock is not None
        if len(self._errors) < RECENT:
            return True
        counts = {round(interval / self._clock.period) for interval in self._intervals}
        losing = len(counts) == 1 and counts != {1}  # each time as many frames missing: it is half the rate, no loss
        return not losing and sum(self._errors) / RECENT < MISFIT

    def _steps(self, before: int | None, number: int | None) -> int:
        """How many periods lie between two numbers; 1 where that is not known, or makes no sense."""
        steps = 1 if before is None or number is None else number - before
        return steps if 1 <= steps <= self._fastest * PAUSE_SECONDS else 1


def _typical(intervals: Sequence[float]) -> float:
    """The mean of the middle half: single drops and doubled frames do not move it, and jitter little."""
    ordered = sorted(intervals)
    quarter = len(ordered) // 4
    middle = ordered[quarter : len(ordered) - quarter]
    return sum(middle) / len(middle)


def _mean(intervals: Sequence[float], period: float) -> float:
    """Seconds a frame, where an interval of about two periods counts as two frames and a doubled frame as none."""
    steps = sum(round(interval / period) for interval in intervals) if period > 0 else 0
    return sum(intervals) / max(steps, 1)
