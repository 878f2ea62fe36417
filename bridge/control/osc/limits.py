"""How much is done in a second, and how much is answered to whom: nobody may keep the server from the others."""

from __future__ import annotations

import time
from collections.abc import Callable

ANSWER_FACTOR = 4
"""Bytes that go to another machine for each that came from there, at most, unless it has subscribed."""
HEADERS = 28
"""Bytes of a datagram before what is in it, which count both ways."""
MOST_CREDIT = ANSWER_FACTOR * 65_535


class RateLimiter:
    """So many in a second, at most."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._second, self._used = -1, 0

    def allow(self, cost: int = 1) -> bool:
        """Whether there is room for it, which is then used up."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._used = second, 0
        if self._used + cost > self._per_second:
            return False
        self._used += cost
        return True


class WorkLimit:
    """So much work for one packet, and in a second, at most. done: all that was allowed so far."""

    def __init__(self, per_packet: int, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_packet, self._in_packet = per_packet, 0
        self._rate = RateLimiter(per_second, clock)
        self.done = 0

    def begin_packet(self) -> None:
        self._in_packet = 0

    def allow(self, work: int) -> bool:
        if self._in_packet + work > self._per_packet or not self._rate.allow(work):
            return False
        self._in_packet += work
        self.done += work
        return True


class AnswerCredit:
    """What may be answered to a sender whose address may be forged: a few times what came from there.

    So nobody can have the server send much to somebody else by asking little in his name.
    """

    def __init__(self) -> None:
        self._left = 0

    def forget(self) -> None:
        """Another sender's turn."""
        self._left = 0

    def earn(self, size: int) -> None:
        """A packet of so many bytes has come."""
        self._left = min(self._left + ANSWER_FACTOR * (size + HEADERS), MOST_CREDIT)

    def room(self) -> int:
        """Bytes that an answer may have."""
        return max(self._left - HEADERS, 0)

    def spend(self, size: int) -> None:
        self._left -= size + HEADERS
