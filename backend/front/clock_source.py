"""Whose clock the output keeps: its own, the source's frames, or the host's ticks."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.clock_recovery import ClockRecovery, PeriodicClock

SLOWEST, FASTEST = 15.0, 120.0
"""Frames a second that a host may have."""

LIVE = ("shm:", "spout:", "touch:", "ndi:", "syphon:")
"""Sources that another program sends, at its own rate."""


class ClockSource:
    """Is given frames and ticks as they come, and asked for the clock that the output keeps.

    fps: ticks per second of its own clock. source() is the source's address, wanted() the control's value: "auto",
    "own", "source" or "tick".
    """

    def __init__(self, fps: float, source: Callable[[], str], wanted: Callable[[], str]) -> None:
        self._own = PeriodicClock(1.0 / fps, time.monotonic())
        self._source, self._wanted = source, wanted
        self._hosts = {name: ClockRecovery(SLOWEST, FASTEST) for name in ("source", "tick")}

    def on_frame(self, when: float, number: int) -> None:
        """A frame of the source has come, at `when` (monotonic seconds)."""
        self._hosts["source"].observe(when, number)

    def on_tick(self, number: object, when: float) -> None:
        """The host has sent its tick; -1 is no number."""
        self._hosts["tick"].observe(when, number if isinstance(number, int) and number >= 0 else None)

    @property
    def leader(self) -> str:
        """Whose clock is kept now: "source", "tick", or "own" for want of the wanted one."""
        wanted = self._wanted()
        if wanted == "auto":
            wanted = "source" if self._source().startswith(LIVE) else "own"
        return wanted if wanted in self._hosts and self._hosts[wanted].clock is not None else "own"

    @property
    def changes(self) -> int:
        """How often a host has turned to another rate."""
        return sum(host.changes for host in self._hosts.values())

    def clock(self) -> PeriodicClock:
        """When ticks are due. Midway between two of the host's frames, which leaves both sides the most room."""
        host = self._hosts.get(self.leader)
        found = None if host is None else host.clock
        return self._own if found is None else PeriodicClock(found.period, found.phase + found.period / 2)
