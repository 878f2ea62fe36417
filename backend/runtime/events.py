"""What has happened in a show, in memory that does not grow: each fault once, with its times and its count."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice

MOST_EVENTS = 1000
LONGEST_TEXT = 300
"""Characters of a reason that are kept."""
OVER_SECONDS = 30.0
"""A fault that was not seen for so long has ended when it was seen last."""


@dataclass
class Event:
    """A fault. address: the control to blame, "" for none. Times are seconds since 1970, as `time.time` counts them."""

    reason: str
    address: str
    count: int
    first: float
    last: float
    ended: float | None = None
    """When it was over; None while it may last."""

    def as_message(self) -> tuple[str, str, str, int, int]:
        """For OSC: when it was seen last, as ISO 8601 by this machine's own clock and zone, the control to blame, the
        reason, the count, and 1 if it has ended, else 0."""
        seen = datetime.fromtimestamp(self.last, UTC).astimezone().isoformat(timespec="seconds")
        return seen, self.address, self.reason, self.count, int(self.ended is not None)


class Events:
    """The last thousand faults. Any thread adds, any thread reads."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._events: OrderedDict[tuple[str, str], Event] = OrderedDict()  # the one that was seen last at the end
        self._blamed: set[str] = set()
        """So that it costs nothing to end what did not begin."""
        self.total = 0
        """Every fault that has happened, each time that it has."""

    def add(self, reason: str, address: str | None = None) -> None:
        """A fault has happened, for the first time or again."""
        now, key = self._clock(), (_short(address or ""), _short(reason))
        with self._lock:
            self.total += 1
            event = self._events.pop(key, None) or Event(key[1], key[0], 0, now, now)
            event.count, event.last, event.ended = event.count + 1, now, None
            self._events[key] = event
            self._blamed.add(key[0])
            if len(self._events) > MOST_EVENTS:
                self._events.popitem(last=False)

    @property
    def last(self) -> str:
        """The reason of the fault that was seen last; "" before the first."""
        with self._lock:
            return next(reversed(self._events.values())).reason if self._events else ""

    def end(self, address: str) -> None:
        """Whatever this control was blamed for is over: it was set to something that can be had."""
        with self._lock:
            if address not in self._blamed:
                return
            self._blamed.discard(address)
            now = self._clock()
            for event in self._events.values():
                if event.address == address and event.ended is None:
                    event.ended = now

    def as_list(self, count: int = MOST_EVENTS) -> list[dict[str, object]]:
        """The last `count` of them as plain data, the one that was seen last at the end."""
        return [asdict(event) for event in self.newest(count)]

    def newest(self, count: int) -> list[Event]:
        """The last `count` of them, the one that was seen last at the end."""
        now = self._clock()
        with self._lock:
            newest = list(islice(reversed(self._events.values()), count))
            for event in newest:
                if event.ended is None and now - event.last > OVER_SECONDS:
                    event.ended = event.last
            return [replace(event) for event in reversed(newest)]


def _short(reason: str) -> str:
    """As it is kept: of a usual length, and without the halves of characters that names of files may have in them, and
    no JSON or OSC can say."""
    reason = reason.encode(errors="replace").decode()
    return reason if len(reason) <= LONGEST_TEXT else reason[: LONGEST_TEXT - 3] + "..."
