"""Which of the engine's frames belongs on a tick: decided from what has arrived and the time, never by waiting.

Every frame carries the time at which its input was seen. Playback runs a delay behind that time, so frames that arrive
chunk by chunk are spread over the ticks as they were filmed: a late chunk is held for, an early one waits, and nothing
is ever sent in a burst. The delay follows the slowest chunk of the last seconds: it grows at once, because the output
would stand still anyway, and shrinks slowly enough that motion stays even.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from bridge.video.frames import Frame

MEMORY_SECONDS = 4.0
"""How long a slow chunk keeps the delay up."""
SHRINK = 0.15
"""Seconds of delay given back per second: playback fifteen per cent fast, which leaves out one frame of seven."""
LEAP_SECONDS = 1.0
"""More delay than this above what is needed is given back at once (after a slow first chunk, say)."""
QUEUE_FRAMES = 128
SLACK_TICKS = 0.25
"""A frame may be this early or late if that lets one frame follow the other, so that frames that come at the rate of
the ticks do not beat with them (0, 2, 0, 2, ... frames a tick)."""


class JitterBuffer:
    """The queue between chunks that arrive and ticks that want frames.

    tick: seconds between ticks. `delay` is seconds of playback behind the input, never less than `least`; `skipped`
    counts frames that were never output because a newer one was due; `starved` counts ticks that had to repeat a
    frame although a new one should have come. `current` is the frame of the last tick. Where frames are interpolated
    (`interpolated`), the delay is made long enough to know the second frame of each pair.
    """

    def __init__(self, tick: float) -> None:
        self.tick = tick
        self.least = 0.0
        self.interpolated = False
        self.delay = 0.0
        self.skipped = 0
        self.starved = 0
        self.current: Frame | None = None
        self._queue: deque[Frame] = deque()
        self._needs: deque[tuple[float, float]] = deque()  # (arrival, delay that would have been enough)
        self._last_call: float | None = None

    @property
    def waiting(self) -> int:
        """Frames that have arrived and are not due yet."""
        return len(self._queue)

    def receive(self, frames: Iterable[Frame], now: float) -> None:
        """Take frames that arrived at `now`, oldest first. Frames older than one already taken are ignored."""
        newest = self._newest_time()
        fresh = [frame for frame in frames if newest is None or frame.time > newest]
        if not fresh:
            return
        self._queue.extend(fresh)
        while len(self._queue) > QUEUE_FRAMES:
            self._queue.popleft()
            self.skipped += 1
        first = newest if self.interpolated and newest is not None else fresh[0].time
        self._needs.append((now, now - max(first, fresh[0].time - LEAP_SECONDS)))
        wanted = self._wanted_delay(now)
        if wanted - self.tick > self.delay or self.delay - wanted > LEAP_SECONDS:
            self.delay = wanted

    def frame_at(self, now: float) -> Frame | None:
        """The frame for a tick at `now`; the last one again if none is due; None before the first has arrived."""
        self._shrink(now)
        due, moment, slack = None, now - self.delay, SLACK_TICKS * self.tick
        while self._queue and self._queue[0].time <= (moment + slack if due is None else moment - slack):
            if due is not None:
                self.skipped += 1
            due = self._queue.popleft()
        if due is not None:
            self.current = due
        elif self.current is not None and not self._queue:
            self.starved += 1
        return self.current

    def next_at(self, now: float) -> tuple[Frame | None, float]:
        """The frame after the current one, and how far `now` lies on the way to it, 0 to 1; None if it has not come."""
        if self.current is None or not self._queue:
            return None, 0.0
        following = self._queue[0]
        way = (now - self.delay - self.current.time) / (following.time - self.current.time)
        return following, min(max(way, 0.0), 1.0)

    def overdue(self, now: float) -> float:
        """Seconds that the next frame is late, 0.0 while there is one waiting or none has ever come."""
        if self.current is None or self._queue:
            return 0.0
        return max(now - self.delay - self.current.time, 0.0)

    def _shrink(self, now: float) -> None:
        elapsed = 0.0 if self._last_call is None else now - self._last_call
        self._last_call = now
        if self._needs:
            self.delay = max(min(self._wanted_delay(now), self.delay), self.delay - SHRINK * elapsed)

    def _wanted_delay(self, now: float) -> float:
        """What the slowest chunk remembered would have needed, and a tick more for what chunks differ by."""
        while len(self._needs) > 1 and self._needs[0][0] < now - MEMORY_SECONDS:
            self._needs.popleft()
        return max(self.least, max(need for _, need in self._needs) + self.tick)

    def _newest_time(self) -> float | None:
        if self._queue:
            return self._queue[-1].time
        return None if self.current is None else self.current.time
