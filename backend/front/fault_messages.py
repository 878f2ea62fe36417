"""What goes wrong in a show, told to those who can do something about it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from bridge.threads import described

from ..runtime.events import Events

log = logging.getLogger(__name__)

SAME_FAULT_SECONDS, ASKED_AGAIN_SECONDS = 10.0, 1.0
"""A fault that lasts is not said again before this; that of a control that was set anew meanwhile, not before that."""
MOST_SAID = 20
"""Different faults that are said in that time; further ones are only counted."""


class FaultMessages:
    """Logs what is wrong, answers whoever steers, and keeps it in `events`, which has all of it.

    answer(address or None, reason): sends it to them. Called from any thread.
    """

    def __init__(self, answer: Callable[[str | None, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._answer, self._clock = answer, clock
        self._lock = threading.Lock()
        self._said: dict[tuple[str | None, str], float] = {}
        self._anew: set[str | None] = set()  # addresses that were set since something was said of them
        self._unsaid = 0
        self.events = Events()

    def notify(self, address: str | None, reason: str) -> None:
        """Say what is wrong, unless it was said a moment ago (SAME_FAULT_SECONDS). address: the control to blame."""
        self.events.add(reason, address)
        says, more = self._says((address, reason))
        if more:
            log.warning("and %d more faults, which the list of events holds", more)
        if says:
            log.warning("%s", reason)
            self._answer(address, reason)

    def asked_again(self, address: str) -> None:
        """A control was set anew: whoever did it hears what is wrong, even if that was said a moment ago."""
        with self._lock:
            self._anew.add(address)

    def refuse(self, address: str, reason: str) -> None:
        """Say why a value never was one, of which nobody has heard as a change: to whoever set it, each time."""
        self.asked_again(address)
        self.notify(address, reason)

    def mended(self, address: str, *_: object) -> None:
        """A control has another value, so what was wrong with the one before is over. As `Mailbox.listen` wants."""
        self.events.end(address)
        self.asked_again(address)

    def survived(self, thread: str, error: BaseException) -> None:
        """Keep what a guarded thread has raised; it is in the log already. As `bridge.threads.add_listener` wants."""
        self.events.add(f"{thread}: {described(error)}")

    def _says(self, fault: tuple[str | None, str]) -> tuple[bool, int]:
        """Whether this fault is to be said now, and how many are to be mentioned that were not."""
        with self._lock:
            now = self._clock()
            self._said = {key: when for key, when in self._said.items() if now - when < SAME_FAULT_SECONDS}
            pause = ASKED_AGAIN_SECONDS if fault[0] in self._anew else SAME_FAULT_SECONDS
            if fault in self._said and now - self._said[fault] < pause:
                return False, 0
            if fault not in self._said and len(self._said) >= MOST_SAID:
                self._unsaid += 1
                return False, 0
            self._said[fault] = now
            self._anew.discard(fault[0])
            more, self._unsaid = self._unsaid, 0
            return True, more
