"""Triggers that were pressed: each press is one event, kept in order until it is taken."""

from __future__ import annotations

from collections import deque

MAX_EVENTS = 64
HOLD_SECONDS = 0.25
"""A button that stays down may say so again and again (a CHOP does, sixty times a second): one that says it after
this long a silence was pressed anew, having no way to say that it was let go."""


class Presses:
    """One thread at a time uses it."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._down: dict[str, float] = {}
        self.dropped = 0
        """Presses that were pushed out by newer ones before they were taken."""

    def note(self, address: str, down: bool, now: float) -> bool:
        """Whether the trigger happens now: when it goes down. A button sends 1 and then 0, and that is one event."""
        if not down:
            self._down.pop(address, None)
            return False
        held = now - self._down.get(address, -HOLD_SECONDS) < HOLD_SECONDS
        self._down[address] = now
        return not held

    def keep(self, address: str) -> None:
        """Keep one that has happened, at most MAX_EVENTS of them."""
        if len(self._waiting) == MAX_EVENTS:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(address)

    def take(self) -> list[str]:
        """All that wait, oldest first."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting
