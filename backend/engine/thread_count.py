"""How many threads a chunk is made with on the processor: all, or one where the others only wait for each other.

Threads that share a chunk wait for the slowest of them, so on a machine that is busy with something else several take
many times as long as one alone. That is tried, not assumed: whichever was quicker is kept. The rest of a chunk
that lasts far longer than usual is made with one thread.
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
TOLD = 1.5
"""How many times as quick one thread has to be for that to be said."""
HOPELESS = 1.2
"""A first chunk of a trial that takes so many times as long ends the trial."""
LEAST_SHARE = 0.1
"""Of a chunk that was made before it was turned, when the time of a whole one is reckoned from that."""
LEAST_SECONDS = 1.5
TIMES_USUAL = 3.0
"""A chunk that has lasted longer than the least time, and than so many times the usual, is looked at before it ends."""
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
        self._passed = 0.0  # seconds of a chunk with all threads until it was turned; 0 where none was
        self._rest = 0.0  # seconds that the rest of it took with one
        self._mixed = False  # whether the chunk is being made with both
        self._contended = 0
        self._wait = WAIT_SECONDS
        self._not_before = 0.0
        self._plays = 0.0
        self._said = False

    def begin_chunk(self, plays: float = 0.0) -> None:
        """A chunk begins, to be made with `count` threads; its frames are shown for so many seconds."""
        self._plays, self._mixed = plays, False

    def note_part(self, now: float, wall: float, processor: float) -> None:
        """The chunk has taken so many seconds so far, and so much processor time; `count` may be one afterwards."""
        if not self._waits(wall, processor) or wall <= max(LEAST_SECONDS, TIMES_USUAL * self._usual()):
            return
        if self._trial is not None:
            self._give_up(now)
        elif now >= self._not_before:
            self._begin_trial()
            self._other = self._passed = wall
        else:
            return
        self._mixed = True

    def note_chunk(self, now: float, wall: float, processor: float, idle: float) -> str:
        """The chunk took so many seconds, and so much processor time, while so many cores had nothing to do.

        Returns what is to be said, "" for nothing; `count` may be another one afterwards.
        """
        if self._mixed:
            self._rest = wall - self._passed
            return ""
        if self._trial is not None:
            return self._judge(now, wall)
        self._walls.append(wall)
        self._contended = self._contended + 1 if self._waits(wall, processor) else 0
        wanted = self._contended >= TIMES_RUNNING if self.count > 1 else idle >= IDLE_CORES
        if wanted and now >= self._not_before:
            self._other = statistics.median(list(self._walls)[-TIMES_RUNNING:])
            self._begin_trial()
        return ""

    def _waits(self, wall: float, processor: float) -> bool:
        """Whether threads have waited for each other rather than worked."""
        return self.count > 1 and wall > CONTENDED * processor / self.count

    def _usual(self) -> float:
        """Seconds that a chunk takes; 0 where none was made yet."""
        if self._trial is not None:
            return self._other
        return statistics.median(self._walls) if self._walls else 0.0

    def _begin_trial(self) -> None:
        self._turn()
        self._trial, self._passed, self._rest = [], 0.0, 0.0

    def _turn(self) -> None:
        self.count = 1 if self.count > 1 else self._most
        self._walls.clear()
        self._contended = 0

    def _judge(self, now: float, wall: float) -> str:
        assert self._trial is not None
        self._trial.append(wall)
        if self._passed:
            self._other = self._passed / max(1 - self._rest / min(self._trial), LEAST_SHARE)
        if len(self._trial) < TRIAL_CHUNKS and wall < HOPELESS * self._other:
            return ""
        best = min(self._trial)
        if best >= QUICKER * self._other:
            self._give_up(now)
            return ""
        self._trial, self._not_before = None, now + self._wait
        if self.count > 1:
            self._wait = WAIT_SECONDS
            return ""
        return self._say(best)

    def _give_up(self, now: float) -> None:
        """The trial was in vain."""
        self._trial, self._not_before = None, now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._turn()

    def _say(self, best: float) -> str:
        if self._said or self._other < max(TOLD * best, self._plays):  # in time with all, too: nobody misses anything
            return ""
        self._said = True
        other = f"more than {self._passed + self._rest:.1f}" if self._passed else f"{self._other:.1f}"
        return (
            f"the processor is busy with something else: chunks are made with one thread for now, in {best:.1f} s "
            f"in place of {other} s; close other programs to have all {self._most} again"
        )
