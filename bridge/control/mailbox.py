"""What controllers want, between those who say it and the one who does it: the latest value wins.

Any thread may set, any may look. Values are sampled (once a chunk, once a tick), never queued; triggers are events,
kept in order up to a bound.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from .parameters import ControlError, ControlTable, Value

MAX_EVENTS = 64
HOLD_SECONDS = 0.25
"""A button that stays down may say so again and again (a CHOP does, sixty times a second): one that says it after
this long a silence was pressed anew, having no way to say that it was let go."""


class Mailbox:
    """Current values of a table's controls, and the triggers that nobody has taken yet."""

    def __init__(self, table: ControlTable, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, Value] = {row.address: row.default for row in table if row.type != "trigger"}
        self._events: deque[str] = deque()
        self._down: dict[str, float] = {}
        self.version = 0
        """Grows with every change, so that a reader can see at a glance whether there is anything new."""
        self.dropped_events = 0

    def set(self, address: str, value: Any) -> str | None:
        """Take a value. Returns what the sender should be told: why it was clamped or refused, None if all is well."""
        return self.set_all([(address, value)])

    def set_all(self, changes: list[tuple[str, Any]]) -> str | None:
        """`take`, with what there is to be told in one line."""
        return "; ".join(reason for _, reason in self.take(changes)) or None

    def take(self, changes: list[tuple[str, Any]]) -> list[tuple[str, str]]:
        """Take several values at once, so that no reader sees some without the others (an OSC bundle).

        Returns what the sender should be told, (address, reason) of each value that was clamped or refused; a refused
        value does not keep the others out.
        """
        reports, taken = [], []
        for address, value in changes:
            try:
                control = self._table[address]
                accepted = control.accept(value)
            except ControlError as reason:
                reports.append((address, str(reason)))
                continue
            taken.append((control, accepted.value))
            if accepted.report:
                reports.append((address, accepted.report))
        with self._lock:
            for control, value in taken:
                if control.type == "trigger":
                    self._press(control.address, bool(value))
                elif self._values[control.address] != value:
                    self._values[control.address] = value
                    self.version += 1
        return reports

    def get(self, address: str) -> Value:
        """The current value; ControlError for a trigger or an unknown address."""
        control = self._table[address]
        if control.type == "trigger":
            raise ControlError(f"{address} is a trigger and has no value")
        with self._lock:
            return self._values[address]

    def snapshot(self) -> dict[str, Value]:
        """All values at one instant."""
        with self._lock:
            return dict(self._values)

    def events(self) -> list[str]:
        """Take the waiting triggers, oldest first."""
        with self._lock:
            waiting = list(self._events)
            self._events.clear()
        return waiting

    def restore(self, values: Mapping[str, Value]) -> None:
        """Set what a former snapshot held; addresses that no longer exist are left out."""
        self.set_all([(address, value) for address, value in values.items() if address in self._table])

    def _press(self, address: str, down: bool) -> None:
        """A trigger happens when it goes down: a button sends 1 and then 0, and that is one event."""
        if not down:
            self._down.pop(address, None)
            return
        now = self._clock()
        held = now - self._down.get(address, -HOLD_SECONDS) < HOLD_SECONDS
        self._down[address] = now
        if held:
            return
        if len(self._events) == MAX_EVENTS:
            self._events.popleft()
            self.dropped_events += 1
        self._events.append(address)
