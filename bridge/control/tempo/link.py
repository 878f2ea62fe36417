"""Ableton Link: the beat that programs on a network share, through aalink, which a user installs.

aalink is licensed under the GPL, so it is no part of what is installed with the program.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

from bridge.clock_recovery import PeriodicClock
from bridge.errors import BridgeError


class LinkClock:
    """Joins the session on this machine's network. Raises BridgeError where aalink is missing."""

    def __init__(self, bpm: float) -> None:
        try:
            import aalink  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise BridgeError(
                "Ableton Link needs the package aalink; install it with: python start.py pip install aalink"
            ) from None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # without a loop it looks for one that we don't need
            self._link: Any = aalink.Link(bpm, _NoLoop())
        self._link.enabled = True
        self._first = 0  # the session's beat that bars are counted from here

    @property
    def peers(self) -> int:
        """Other programs in the session."""
        return self._link.num_peers

    @property
    def beat(self) -> PeriodicClock:
        """Beats; the phase is the session's beat 0, or the downbeat that was set here."""
        period = 60.0 / self._link.tempo
        return PeriodicClock(period, time.monotonic() - (self._link.beat - self._first) * period)

    def downbeat(self, now: float) -> None:
        """The beat nearest to this is the one, for us: the session keeps its own count."""
        beat = self.beat
        self._first += round((now - beat.phase) / beat.period)

    def set(self, bpm: float) -> None:
        """Propose a tempo to the session."""
        self._link.tempo = bpm

    def close(self) -> None:
        self._link.enabled = False


class _NoLoop:
    """Stands for an event loop: nothing is ever awaited."""
