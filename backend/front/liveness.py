"""Whether an engine hangs: decided from what it says and what the system says of it, without ever waiting.

A busy machine is no hang. What tells them apart is processor time: an engine that spends some, or that gets none on a
machine that has none to spare, is given long; one that spends none although it could is not.
"""

from __future__ import annotations

import statistics
from collections import deque

from ..engine.messages import Beat
from .limits import Limits
from .process_facts import ProcessFacts

WINDOW = 1.0
"""Seconds over which it is judged whether anything is done."""
BUSY_SHARE = 0.03
"""Of one core; a thread that only beats spends less. Systems count in steps of 10 to 16 ms."""
IDLE_CORES = 0.25
"""With more than so many cores idle, whoever gets no processor time does not want any."""
PAUSE = 1.0
"""If nobody asked for so long, the front itself was asleep, and what passed meanwhile says nothing."""
CHUNKS = 32
OUTLIER = 2.0
"""A chunk that took so many times the median is none of the normal ones."""


class NormalTime:
    """How long a chunk normally takes: the slowest of the last ones that were no outliers."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=CHUNKS)

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    @property
    def seconds(self) -> float | None:
        """None before the first chunk."""
        known = list(self._seconds)
        if not known:
            return None
        longest = OUTLIER * statistics.median(known)
        return max(seconds for seconds in known if seconds <= longest)

    @property
    def quickest(self) -> float | None:
        """The least of the last ones; None before the first chunk."""
        return min(self._seconds, default=None)


class Liveness:
    """Of one life of the engine. All times are seconds on the clock that beats are on too.

    normal: of the chunks of all lives. load_limit: how long it may load.
    """

    def __init__(self, began: float, limits: Limits, normal: NormalTime, load_limit: float) -> None:
        self._limits, self._normal, self._load_limit = limits, normal, load_limit
        self._began = self._heard = self._asked = self._woke = began
        self._looked = began
        self._beat = Beat("loading", began)
        self._on_device = False
        self._warm = False
        self._samples: deque[tuple[float, ProcessFacts]] = deque()
        self._stopped_since: float | None = None
        self._quiet_since: float | None = None

    @property
    def phase(self) -> str:
        """What the engine does, as it last said."""
        return self._beat.phase

    def note_ready(self, device: str) -> None:
        """The model is loaded, and runs there."""
        self._on_device = device != "cpu"

    def note_message(self, now: float) -> None:
        """It said something."""
        self._heard = now

    def note_beat(self, beat: Beat, now: float) -> None:
        self._heard, self._beat = now, beat

    def note_turn(self, now: float) -> None:
        """It asked for the settings of a chunk."""
        self._heard = self._asked = now

    def note_chunk(self) -> None:
        """A good chunk was made."""
        self._warm = True

    def verdict(self, now: float, facts: ProcessFacts | None) -> str:
        """How it hangs, as the end of "the engine ..."; "" while there is hope. To be asked several times a second."""
        if now - self._looked > PAUSE:
            self._forgive(now)
        self._looked = now
        if facts is None:
            return self._too_long(now)
        return self._stopped(now, facts) or self._does_nothing(now, facts) or self._too_long(now)

    def _forgive(self, now: float) -> None:
        """Begin to judge afresh: the front was stopped, or the whole machine asleep."""
        self._began += now - self._looked
        self._heard = self._asked = self._woke = now
        self._stopped_since = self._quiet_since = None
        self._samples.clear()

    def _stopped(self, now: float, facts: ProcessFacts) -> str:
        if not facts.stopped:
            self._stopped_since = None
        elif self._stopped_since is None:
            self._stopped_since = now
        elif now - self._stopped_since >= self._limits.silence:
            return "was stopped from outside"
        return ""

    def _does_nothing(self, now: float, facts: ProcessFacts) -> str:
        if not self._quiet(now, facts):
            return ""
        limits, silent = self._limits, now - self._heard
        match self.phase:
            case "loading":
                return "does nothing while it loads its model" if silent >= limits.load_silence else ""
            case "chunk" | "settle" if self._in_phase(now) >= self._allowed_quiet():
                return f"hangs: {self._in_phase(now):.1f} s in a chunk in which it does nothing"
            case "waiting" | "held" if now - self._asked >= limits.turn:
                return f"hangs: it has not asked for settings for {now - self._asked:.1f} s"
        return "hangs: it neither speaks nor does anything" if silent >= limits.silence else ""

    def _too_long(self, now: float) -> str:
        """Even for one that works."""
        limits = self._limits
        if self.phase == "loading":
            taken = now - self._began
            return f"has not loaded its model in {taken:.0f} s" if taken >= self._load_limit else ""
        longest = max(limits.chunk, limits.times_normal * (self._normal.seconds or 0.0))
        if not self._warm:
            longest = max(longest, limits.first_chunk)
        working = self.phase in ("chunk", "settle")
        taken = self._in_phase(now) if working else now - self._asked
        return f"hangs: {taken:.0f} s {'in a chunk' if working else 'without a chunk'}" if taken >= longest else ""

    def _in_phase(self, now: float) -> float:
        return now - max(self._beat.since, self._woke)

    def _allowed_quiet(self) -> float:
        """Seconds that a chunk may have taken when nothing is done in it any more."""
        limits, normal = self._limits, self._normal.seconds
        slack = limits.slack if self._warm else limits.first_slack
        if self._on_device:
            return limits.device_times_normal * (normal or 0.0) + max(slack, limits.device_slack)
        return (normal or 0.0) + slack

    def _quiet(self, now: float, facts: ProcessFacts) -> bool:
        """Whether it has done nothing for a second, or for longer where the machine may not have let it."""
        self._samples.append((now, facts))
        while len(self._samples) > 1 and now - self._samples[1][0] >= WINDOW:
            self._samples.popleft()
        then, before = self._samples[0]
        seconds = now - then
        if seconds < WINDOW or self._active(seconds, before, facts):
            self._quiet_since = None
            return False
        if self._quiet_since is None:
            self._quiet_since = now
        could = facts.idle - before.idle >= IDLE_CORES * seconds
        return could or now - self._quiet_since >= self._limits.starved

    def _active(self, seconds: float, before: ProcessFacts, facts: ProcessFacts) -> bool:
        moves = self.phase == "loading" and facts.moved != before.moved
        return moves or facts.wanting or facts.processor - before.processor >= BUSY_SHARE * seconds
