"""Values that were taken and turned out not to be had, told to whoever has kept them meanwhile."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from .parameters import Value

REMEMBERED = 8
"""Values of one control that may be asked for while the first of them is still tried."""


@dataclass(frozen=True)
class Withdrawal:
    """`value` of the control at `address` can't be had, and `used` is in its place.

    asked: the mailbox's version when it was last asked for. Who kept the value before that kept one that could be had.
    """

    address: str
    value: Value
    used: Value
    asked: int


class Withdrawals:
    """What was asked for lately, and who hears if it can't be had. One thread at a time notes and finds."""

    def __init__(self) -> None:
        self._asked: dict[str, deque[tuple[Value, int]]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._listeners: list[Callable[[Withdrawal], None]] = []

    def listen(self, heard: Callable[[Withdrawal], None]) -> None:
        """Have heard(withdrawal) called for each, in the thread of who found out."""
        self._listeners.append(heard)

    def note(self, address: str, value: Value, version: int) -> None:
        """A value was asked for; version: the mailbox's, before it took it."""
        self._asked[address].append((value, version))

    def find(self, address: str, value: Value, used: Value) -> Withdrawal | None:
        """The withdrawal of a value, None where nobody has asked for it lately."""
        asked = [version for noted, version in self._asked[address] if noted == value]
        return Withdrawal(address, value, used, asked[-1]) if asked else None

    def tell(self, withdrawal: Withdrawal | None) -> None:
        """To all that listen, if there is one."""
        if withdrawal is not None:
            for heard in self._listeners:
                heard(withdrawal)
