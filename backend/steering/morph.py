"""Numbers on their way to others, evenly over a time. Whoever moves one himself takes it from here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.control.mailbox import Mailbox
from bridge.threads import GuardedThread

STEP_SECONDS = 1 / 30
Numbers = float | tuple[float, ...]
"""A control's number, or all of one that takes several, as a shape does."""


@dataclass(frozen=True)
class Glide:
    """From `start` at `began` to `end`, `seconds` later."""

    start: Numbers
    end: Numbers
    began: float
    seconds: float

    def at(self, now: float) -> Numbers:
        part = max((now - self.began) / self.seconds, 0.0)
        if part >= 1.0:
            return self.end
        if isinstance(self.start, tuple) and isinstance(self.end, tuple):
            return tuple(one + part * (other - one) for one, other in zip(self.start, self.end))
        return self.start + part * (self.end - self.start)  # type: ignore[operator]


class Morph:
    """Moves a mailbox's numbers, in a thread of its own."""

    def __init__(self, mailbox: Mailbox, clock: Callable[[], float] = time.monotonic) -> None:
        self._mailbox, self._clock = mailbox, clock
        self._lock = threading.Lock()
        self._glides: dict[str, tuple[Glide, Numbers]] = {}  # and the value that was set last
        self._wanted = threading.Event()
        self._thread = GuardedThread("morph", self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stopping.set()
        self._wanted.set()
        self._thread.stop()

    def to(self, targets: Mapping[str, Numbers], seconds: float) -> None:
        """Begin moving these from where they are, and nothing else any more; seconds > 0.

        Several numbers move to as many.
        """
        now, values = self._clock(), self._mailbox.snapshot()
        with self._lock:
            self._glides = {}
            for address, end in targets.items():
                start: Numbers = values[address]  # type: ignore[assignment]
                self._glides[address] = Glide(start, end, now, seconds), start
        self._wanted.set()

    def stop_all(self) -> None:
        """Leave everything where it is."""
        with self._lock:
            self._glides = {}

    def step(self) -> bool:
        """Put everything where it should be now; whether there is more to come."""
        with self._lock:
            now, values = self._clock(), self._mailbox.snapshot()
            # What is no longer where it was put has been taken over by somebody.
            mine = {address: glide for address, (glide, last) in self._glides.items() if values[address] == last}
            places = {address: glide.at(now) for address, glide in mine.items()}
            self._mailbox.apply(list(places.items()))
            self._glides = {
                address: (glide, places[address])
                for address, glide in mine.items()
                if now < glide.began + glide.seconds
            }
            return bool(self._glides)

    def _run(self) -> None:
        stopping = self._thread.stopping
        while not stopping.is_set():
            while self.step():
                if stopping.wait(STEP_SECONDS):
                    return
            self._wanted.wait()
            self._wanted.clear()
