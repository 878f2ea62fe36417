"""How many threads a chunk is made with on the processor: all, or one where the others only wait for each other.

Threads that share a chunk wait for the slowest of them, so on a machine that is busy with something else several take
many times as long as one alone. That is tried, not assumed: whichever was quicker is kept.
"""

from __future__ import annotations

import statistics
from collections import deque

CONTENDED = 1.5
"""Wall time over processor time per thread: above it threads wait rather than work."""
TIMES_RUNNING = 2
TRIAL_CHUNKS = 2
QUICKER = 0.95
"""Of the other's time: what is quicker by less than that is not worth the change."""
HOPELESS = 1.2
"""A first chunk of a trial that takes so many times as long ends the trial."""
WAIT_SECONDS, LONGEST_WAIT = 30.0, 600.0
"""Until the next trial; twice as long each time that one was in vain."""
IDLE_CORES = 0.5
"""So many must have nothing to do before all threads are tried again."""


class ThreadCount:
    """Decides from what it is told. most: threads to begin with, at least two. `count` is how many there are to be."""

    def __init__(self, most: int) -> None:
        self.count = self._most = most
        self._trial: list[float] | None = None
        self._walls: deque[float] = deque(maxlen=4)  # of chunks made as it is now
        self._other = 0.0  # seconds that a chunk took as it was before the trial
        self._contended = 0
        self._wait = WAIT_SECONDS
        self._not_before = 0.0
        self._said = False

    def note_chunk(self, now: float, wall: float, processor: float, idle: float) -> str:
        """A chunk took so many seconds, and so much processor time, while so many cores had nothing to do.

        Returns what is to be said, "" for nothing; `count` may be another one afterwards.
        """
        if self._trial is not None:
            return self._judge(now, wall)
        self._walls.append(wall)
        contended = self.count > 1 and wall > CONTENDED * processor / self.count
        self._contended = self._contended + 1 if contended else 0
        wanted = self._contended >= TIMES_RUNNING if self.count > 1 else idle >= IDLE_CORES
        if wanted and now >= self._not_before:
            self._other = statistics.median(list(self._walls)[-TIMES_RUNNING:])
            self._turn()
            self._trial = []
        return ""

    def _turn(self) -> None:
        self.count = 1 if self.count > 1 else self._most
        self._walls.clear()
        self._contended = 0

    def _judge(self, now: float, wall: float) -> str:
        assert self._trial is not None
        self._trial.append(wall)
        if len(self._trial) < TRIAL_CHUNKS and wall < HOPELESS * self._other:
            return ""
        best, self._trial = min(self._trial), None
        self._not_before = now + self._wait
        if best >= QUICKER * self._other:
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            self._turn()
            return ""
        if self.count > 1:
            self._wait = WAIT_SECONDS
            return ""
        return self._say(best)

    def _say(self, best: float) -> str:
        before, self._said = self._said, True
        if before:
            return ""
        return (
            f"the processor is busy with something else: chunks are made with one thread for now, in {best:.1f} s "
            f"in place of {self._other:.1f} s; close other programs to have all {self._most} again"
        )
