"""A tour for the first minutes: every few seconds another look and control, until somebody touches one himself."""

from __future__ import annotations

import logging
from itertools import cycle

from bridge.control.mailbox import Mailbox
from bridge.threads import GuardedThread

log = logging.getLogger(__name__)

SECONDS = 8.0
"""Of each stop."""
PROMPT, CONTROL = "/vace/prompt", "/vace/control"
STOPS = (
    ("neon", "scribble"),
    ("gold", "depth"),
    ("stained glass", "depth"),
    ("watercolour at sunset", "gray"),
    ("blueprint", "scribble"),
    ("thermal", "depth"),
    ("ice, snowing", "gray"),
    ("lava at night", "depth"),
    ("comic pop art", "gray"),
    ("hologram", "scribble"),
)
"""Prompt and kind of control."""


class Tour:
    """Sets the controls of a mailbox in a thread of its own; it ends for good with the first change by anybody else."""

    def __init__(self, mailbox: Mailbox, seconds: float = SECONDS) -> None:
        self._mailbox, self._seconds = mailbox, seconds
        self._stops = cycle(STOPS)
        self._seen = mailbox.version
        self._thread = GuardedThread("tour", self._run)

    def start(self) -> None:
        log.info("tour: another look every %g s, until you change a control", self._seconds)
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    @property
    def touched(self) -> bool:
        """Whether somebody else has changed a control."""
        return any(change.origin is not self for change in self._mailbox.since(self._seen).values())

    def step(self) -> bool:
        """Go on to the next stop; False, and nothing is changed, if the tour is over."""
        if self.touched:
            log.info("tour: over, as a control was changed")
            return False
        prompt, control = next(self._stops)
        self._mailbox.apply([(PROMPT, prompt), (CONTROL, control)], origin=self)
        return True

    def _run(self) -> None:
        while self.step():
            if self._thread.stopping.wait(self._seconds):
                return
