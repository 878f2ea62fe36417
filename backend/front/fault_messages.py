"""What goes wrong in a show, told to those who can do something about it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

SAME_FAULT_SECONDS = 10.0
"""A fault that lasts is not said again before this."""


class FaultMessages:
    """Logs what is wrong, and answers whoever steers. answer(address or None, reason): sends it to them."""

    def __init__(self, answer: Callable[[str | None, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._answer, self._clock = answer, clock
        self._said: dict[tuple[str | None, str], float] = {}

    def notify(self, address: str | None, reason: str) -> None:
        """Say what is wrong, unless it was said in the last ten seconds. address: the control to blame, if one is."""
        now = self._clock()
        if now - self._said.get((address, reason), -SAME_FAULT_SECONDS) < SAME_FAULT_SECONDS:
            return
        self._said = {key: when for key, when in self._said.items() if now - when < SAME_FAULT_SECONDS}
        self._said[address, reason] = now
        log.warning("%s", reason)
        self._answer(address, reason)
