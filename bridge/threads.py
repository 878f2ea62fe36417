"""Threads that live as long as a show: nothing that one meets can end it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

Listener = Callable[[str, BaseException], None]
"""Called with the name of a thread and what its loop raised, in that thread."""
PAUSES = (0.05, 5.0)
"""Seconds before a loop that has raised begins again: the first time, and at most; each time twice as long."""
HEALTHY_SECONDS = 10.0
"""A loop that ran for so long before it raised begins again after the first pause."""
MOST_LOGGED = 1000
"""Different faults that are logged in one life of a process; the same one is logged once."""


class GuardedThread(threading.Thread):
    """A daemon thread that runs `loop` until that returns, and again whenever it raises.

    loop() looks at `stopping` and returns once it is set; what it needs after a fault it keeps outside itself. What it
    raises is logged once with its traceback, counted in `faults`, and told to those who listen (`add_listener`).
    pauses: as PAUSES, for a loop that has to be back sooner.
    """

    def __init__(self, name: str, loop: Callable[[], None], pauses: tuple[float, float] = PAUSES) -> None:
        super().__init__(name=name, daemon=True)
        self._loop, self._pauses = loop, pauses
        self.stopping = threading.Event()
        self.faults = 0
        """How often the loop has raised."""

    def run(self) -> None:
        first, longest = self._pauses
        pause = first
        while True:
            began, ending = time.monotonic(), self.stopping.is_set()
            try:
                self._loop()
                return
            except Exception as error:  # noqa: BLE001 - what this class is for
                self.faults += 1
                report(self.name, error)
            if ending:
                return  # it can't do what it has to at its end, and would be begun again for ever
            if time.monotonic() - began > HEALTHY_SECONDS:
                pause = first
            self.stopping.wait(pause)
            pause = min(2 * pause, longest)

    def stop(self, seconds: float | None = None) -> None:
        """Ask the loop to end, and wait for that; at most so many seconds. Safe before the start, and twice."""
        self.stopping.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(seconds)


@contextmanager
def survived(name: str) -> Iterator[None]:
    """Go on after the block whatever it raises, which is reported."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - what this is for
        report(name, error)


_listeners: tuple[Listener, ...] = ()
_logged: set[tuple[str, str]] = set()


def add_listener(listener: Listener) -> Callable[[], None]:
    """Have what any guarded thread of this process raises told to `listener`; returns what ends that."""
    global _listeners
    _listeners = (*_listeners, listener)
    return lambda: _remove(listener)


def described(error: BaseException) -> str:
    """What kind of error it is, and what it says, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def report(name: str, error: BaseException) -> None:
    """Log a fault that `name` survived, the first time that it happens, and tell those who listen each time."""
    fault = (name, described(error))
    if fault not in _logged and len(_logged) < MOST_LOGGED:
        _logged.add(fault)
        log.error("%s: %s; it goes on", *fault, exc_info=error)
    for listener in _listeners:
        try:
            listener(name, error)
        except Exception:
            log.debug("a listener failed", exc_info=True)


def _remove(listener: Listener) -> None:
    global _listeners
    _listeners = tuple(other for other in _listeners if other is not listener)
