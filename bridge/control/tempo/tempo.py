"""The musical clock: beats and bars, from a set tempo, from taps, or from a clock outside (MIDI, Link)."""

from __future__ import annotations

import statistics
import threading
from collections import deque

from bridge.clock_recovery import PAUSE_SECONDS, ClockRecovery, PeriodicClock

SLOWEST, FASTEST = 20.0, 300.0
"""Beats a minute."""
PULSES = 24
"""Of a MIDI clock, to a beat."""
TAPS = 8
"""Taps that a tempo is told from."""
FEWEST_TAPS = 3
TAP_SECONDS = 60.0 / SLOWEST
"""After this long a silence a tap is the first of a new tempo."""
UNEVEN = 0.3
"""A tap that comes this part of an interval too early or late begins a new tempo, too."""


class Tempo:
    """Beats as a clock, counted from the downbeat. Any thread may use it; times are seconds of one monotonic clock.

    A change of tempo keeps the beat: the next one comes when it was going to, or at most a beat's time later.
    """

    def __init__(self, bpm: float, now: float) -> None:
        self._lock = threading.Lock()
        self._beat = PeriodicClock(60.0 / bpm, now)  # its phase is a downbeat
        self._taps: deque[float] = deque(maxlen=TAPS)
        self._tapped = 0  # beats from the first tap to the last one

    @property
    def bpm(self) -> float:
        with self._lock:
            return 60.0 / self._beat.period

    def beats_at(self, when: float) -> float:
        """Beats since a downbeat, with their fraction; negative before it."""
        with self._lock:
            return (when - self._beat.phase) / self._beat.period

    def next_grid(self, when: float, beats: int) -> float:
        """The first moment later than `when` that lies a multiple of `beats` after the downbeat."""
        with self._lock:
            return PeriodicClock(beats * self._beat.period, self._beat.phase).next_after(when)

    def set(self, bpm: float, now: float) -> None:
        """Go on at another tempo from the beat's place that is reached `now`."""
        with self._lock:
            count = (now - self._beat.phase) / self._beat.period
            period = 60.0 / min(max(bpm, SLOWEST), FASTEST)
            self._beat = PeriodicClock(period, now - count * period)

    def downbeat(self, now: float) -> None:
        """This is the one: bars are counted from here."""
        with self._lock:
            self._beat = PeriodicClock(self._beat.period, now)

    def tap(self, now: float) -> bool:
        """A beat by hand: the first sets the downbeat, from the third on they tell the tempo. Whether it is new."""
        with self._lock:
            if self._taps and not self._belongs(now):
                self._taps.clear()
            self._taps.append(now)
            self._tapped += 1
            if len(self._taps) == 1:
                self._tapped = 0
                self._beat = PeriodicClock(self._beat.period, now)
            if len(self._taps) < FEWEST_TAPS:
                return False
            taps = list(self._taps)
            period = statistics.median(b - a for a, b in zip(taps, taps[1:], strict=False))
            period = min(max(period, 60.0 / FASTEST), 60.0 / SLOWEST)
            self._beat = PeriodicClock(period, now - self._tapped * period)
            return True

    def track(self, beat: PeriodicClock) -> None:
        """Take beats from outside; `beat.phase` is a downbeat."""
        with self._lock:
            self._beat = beat

    def _belongs(self, now: float) -> bool:
        """Whether a tap goes on with those before it."""
        gap = now - self._taps[-1]
        if len(self._taps) < 2:
            return 0 < gap <= TAP_SECONDS
        usual = statistics.median(b - a for a, b in zip(self._taps, list(self._taps)[1:], strict=False))
        return abs(gap - usual) <= UNEVEN * usual


class MidiClock:
    """A MIDI clock's pulses as beats: 24 to a beat, counted from Start or from a song position.

    One thread tells it what comes, any may ask for the beat. Times are seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pulses = ClockRecovery(SLOWEST / 60 * PULSES, FASTEST / 60 * PULSES)
        self._next = 0  # the number of the next pulse, counted from a downbeat
        self._last = -PAUSE_SECONDS
        self._leader: object = None
        self.running = False
        """Whether the sender plays; a clock may come without."""

    def beat(self, now: float) -> PeriodicClock | None:
        """Beats; its phase is a downbeat. None while there is no clock, or not long enough to know its rate."""
        with self._lock:
            pulses = self._pulses.clock
            if pulses is None or now - self._last >= PAUSE_SECONDS:
                return None
            # The clock's moment that belongs to the last pulse: its jitter is smoothed away there.
            last = pulses.latest_at(self._last + pulses.period / 2)
            return PeriodicClock(PULSES * pulses.period, last - (self._next - 1) * pulses.period)

    def led_by(self, sender: object, now: float) -> bool:
        """Whether this sender is the one that is followed: of several, the first heard, until its clock ends."""
        with self._lock:
            if sender is not self._leader and now - self._last >= PAUSE_SECONDS:
                self._leader = sender
            return sender is self._leader

    def pulse(self, now: float) -> None:
        with self._lock:
            self._pulses.observe(now)
            self._next += 1
            self._last = now

    def start(self) -> None:
        """The next pulse is the first downbeat."""
        with self._lock:
            self._next, self.running = 0, True

    def go_on(self) -> None:
        self.running = True

    def stop(self) -> None:
        """Many senders let the clock run on; the beat goes on with it."""
        self.running = False

    def locate(self, sixteenths: int) -> None:
        """Song position: the next pulse is so many sixteenths after the song's beginning."""
        with self._lock:
            self._next = sixteenths * PULSES // 4

    def downbeat(self, now: float) -> None:
        """The beat nearest to this is the one: for a sender that says neither Start nor where it is."""
        beat = self.beat(now)
        if beat is not None:
            with self._lock:
                self._next -= PULSES * round((now - beat.phase) / beat.period)
