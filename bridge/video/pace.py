"""Frames of a source that makes its own: given out when they are due, never in a burst."""

from __future__ import annotations

import time

SLOWEST, FASTEST = 1.0, 240.0
"""Frames a second that a show may have; a clip that claims another rate is played at the nearest."""
LATE_SECONDS = 0.5
"""Someone who comes this late (the machine slept, nobody read) is not sent what was missed; the clock starts again."""


class Pace:
    """When the n-th frame at a steady rate is due, on `time.monotonic`."""

    def __init__(self) -> None:
        self._start: float | None = None

    def wait(self, due: float, timeout: float) -> float | None:
        """Wait until `due` seconds after the first frame; the moment it stands for, or None if that is not in time."""
        now = time.monotonic()
        if self._start is None or now - (self._start + due) > LATE_SECONDS:
            self._start = now - due
        moment = self._start + due
        if moment - now > timeout:
            time.sleep(max(timeout, 0.0))
            return None
        time.sleep(max(moment - now, 0.0))
        return moment
