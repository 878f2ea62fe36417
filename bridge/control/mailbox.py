"""What controllers want, between those who say it and the one who does it: the latest value wins.

Any thread may set, any may look. Values are sampled (once a chunk, once a tick), never queued; triggers are events,
kept in order up to a bound. What must be known at once, or counts each time, is listened to.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..threads import report
from .media_folders import MediaFolders
from .parameters import Control, ControlError, ControlTable, Value
from .presses import Presses
from .validation import Relative, Validation
from .withdrawals import Withdrawal, Withdrawals

Heard = Callable[[Value, float], None]
"""Called with what was sent and when, on the mailbox's clock; in the thread of who sent it, so it must be quick.
It may raise ControlError, which the sender is told."""


@dataclass(frozen=True)
class Change:
    """What a control was last set to, who did it (None: the program), when, and the mailbox's version since then."""

    value: Value
    origin: object
    when: float
    version: int


class Mailbox:
    """Current values of a table's controls, and the triggers that nobody has taken yet.

    media: which files, addresses and devices may be named.
    """

    def __init__(
        self,
        table: ControlTable,
        clock: Callable[[], float] = time.monotonic,
        media: MediaFolders | None = None,
    ) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, Value] = {row.address: row.default for row in table if row.holds}
        self._changes: dict[str, Change] = {}
        self._listeners: dict[str, list[Heard]] = defaultdict(list)
        self._validation = Validation(media or MediaFolders())
        self._must_wait: dict[str, Callable[[Value], bool]] = {}
        self._waiting: dict[str, tuple[Value, object]] = {}
        self._withdrawals = Withdrawals()
        self._presses = Presses()
        self.version = 0
        """Grows with every change, so that a reader can see at a glance whether there is anything new."""

    def listen(self, address: str, heard: Heard) -> None:
        """Have `heard` called for each change of a value, and for each event; ControlError for an unknown address.

        It is called after all values of the same packet are in place. A trigger that is listened to is not queued.
        """
        self._listeners[self._table[address].address].append(heard)

    def check_later(self, address: str, must_wait: Callable[[Value], bool]) -> None:
        """Have new values of a control wait until they are known to be usable, while the one before is kept.

        must_wait(value) says whether one has to, in the thread of who sent it and with the mailbox locked: it must be
        quick, and ask nothing of the mailbox. A value that waits is given to `confirm` or `refuse`; one that is sent
        meanwhile takes its place. ControlError for an unknown address.
        """
        self._must_wait[self._table[address].address] = must_wait

    def wanted(self, address: str) -> Value:
        """The value that was asked for last, also while it waits; as `get` otherwise."""
        with self._lock:
            if address in self._waiting:
                return self._waiting[address][0]
        return self.get(address)

    def wanted_values(self) -> tuple[dict[str, Value], int]:
        """All values at one instant, as `wanted`, and the version then: for whoever keeps them (`on_withdrawal`)."""
        with self._lock:
            return self._values | {address: value for address, (value, _) in self._waiting.items()}, self.version

    def on_withdrawal(self, heard: Callable[[Withdrawal], None]) -> None:
        """Have heard(withdrawal) called for each value that was asked for and turned out not to be had."""
        self._withdrawals.listen(heard)

    def confirm(self, address: str, value: Value) -> list[tuple[str, str]]:
        """Let a value in that has waited, unless another one was sent since; returns what `apply` does."""
        with self._lock:
            waiting = self._waiting.get(address)
            if waiting is None or waiting[0] != value:
                return []
            del self._waiting[address]
            now = self._clock()
            self._change(address, value, waiting[1], now)
        return self._heard([(address, value)], now)

    def refuse(self, address: str, value: Value) -> None:
        """Drop a value that has waited, unless another one was sent since; who shows it is told the kept one."""
        with self._lock:
            waiting = self._waiting.get(address)
            if waiting is not None and waiting[0] == value:
                del self._waiting[address]
                self._change(address, self._values[address], None, self._clock())
            withdrawal = self._withdrawals.find(address, value, self._values[address])
        self._withdrawals.tell(withdrawal)

    def set(self, address: str, value: Any, origin: object = None, here: bool = True) -> str | None:
        """Take a value. Returns what the sender should be told: why it was clamped or refused, None if all is well."""
        return self.set_all([(address, value)], origin, here)

    def set_all(self, changes: list[tuple[str, Any]], origin: object = None, here: bool = True) -> str | None:
        """`apply`, with what there is to be told in one line."""
        return "; ".join(reason for _, reason in self.apply(changes, origin, here)) or None

    def apply(self, changes: list[tuple[str, Any]], origin: object = None, here: bool = True) -> list[tuple[str, str]]:
        """Take several values at once, so that no reader sees some without the others (an OSC bundle).

        origin: who sends them, kept with each change. here: whether that is somebody on this machine, who may name more
        files than others. Returns what the sender should be told, (address, reason) of each value that was clamped or
        refused; a refused value does not keep the others out.
        """
        reports: list[tuple[str, str]] = []
        taken: list[tuple[Control, Value | Relative]] = []
        for address, value in changes:
            try:
                control, current = self._table[address], self._values.get(address)
                if isinstance(value, Relative):
                    taken.append((control, self._validation.step(control, value, current)))
                    continue
                accepted = self._validation.accept(control, value, here, current)
            except ControlError as reason:
                reports.append((address, str(reason)))
                continue
            taken.append((control, accepted.value))
            if accepted.report:
                reports.append((address, accepted.report))
        set_too = {row.address for row, _ in taken}
        ended = [self._table[address] for row, _ in taken for address in row.ends if address not in set_too]
        taken += [(row, row.default) for row in ended]
        now = self._clock()
        with self._lock:
            happened = [(row.address, put[0]) for row, value in taken if (put := self._put(row, value, origin, now))]
        return reports + self._heard(happened, now)

    def replace(self, address: str, value: Value, used: Value) -> None:
        """Put `used` in the place of a value that turned out not to be had, unless another one was set since."""
        if value == used:
            return
        with self._lock:
            withdrawal = self._withdrawals.find(address, value, used)
            now, is_there = self._clock(), self._values[address] == value
            if is_there:
                self._change(address, used, None, now)
        self._withdrawals.tell(withdrawal)
        if is_there:
            self._heard([(address, used)], now)

    def check(self, address: str, check: Callable[[Value], object]) -> None:
        """Have new values of a control refused by what is known of this show alone, as they are by its own `check`:
        check(value) raises ControlError, with the reason. ControlError for an unknown address."""
        self._validation.add(self._table[address].address, check)

    def get(self, address: str) -> Value:
        """The current value; ControlError for a trigger or an unknown address."""
        control = self._table[address]
        if not control.holds:
            kind = "a trigger" if control.type == "trigger" else "an event"
            raise ControlError(f"{address} is {kind} and has no value")
        with self._lock:
            return self._values[address]

    def snapshot(self) -> dict[str, Value]:
        """All values at one instant."""
        with self._lock:
            return dict(self._values)

    def since(self, version: int) -> dict[str, Change]:
        """The controls that have changed after that version, oldest change first."""
        with self._lock:
            fresh = [(address, change) for address, change in self._changes.items() if change.version > version]
        return dict(sorted(fresh, key=lambda item: item[1].version))

    def events(self) -> list[str]:
        """Take the waiting triggers, oldest first."""
        with self._lock:
            return self._presses.take()

    @property
    def dropped_events(self) -> int:
        """Triggers that nobody took before too many newer ones came."""
        return self._presses.dropped

    def restore(self, values: Mapping[str, Value]) -> None:
        """Set what a former snapshot held; addresses that no longer exist are left out."""
        self.set_all([(address, value) for address, value in values.items() if address in self._table])

    def _put(self, control: Control, value: Value | Relative, origin: object, now: float) -> tuple[Value] | None:
        """Put one accepted value in its place; what it then is, if that changed anything or was an event."""
        address = control.address
        if isinstance(value, Relative):
            value = control.accept(float(self._values[address]) + value.amount).value  # type: ignore[arg-type]
        if control.type == "trigger":
            return (value,) if self._press(address, bool(value), now) else None
        if control.event:
            return (value,)
        self._waiting.pop(address, None)
        if self._values[address] == value:
            return None
        self._withdrawals.note(address, value, self.version)
        if address in self._must_wait and self._must_wait[address](value):
            self._waiting[address] = (value, origin)
            return None
        self._change(address, value, origin, now)
        return (value,)

    def _change(self, address: str, value: Value, origin: object, now: float) -> None:
        self._values[address] = value
        self.version += 1
        self._changes[address] = Change(value, origin, now, self.version)

    def _heard(self, happened: list[tuple[str, Value]], now: float) -> list[tuple[str, str]]:
        """Tell those who listen; returns what the senders should be told."""
        reports = []
        for address, value in happened:
            for heard in self._listeners.get(address, ()):
                try:
                    heard(value, now)
                except ControlError as reason:
                    reports.append((address, str(reason)))
                except Exception as error:  # noqa: BLE001 - it must not keep the others from hearing, nor end a thread
                    report(address, error)
                    reports.append((address, f"{address} could not be done: {error}"))
        return reports

    def _press(self, address: str, down: bool, now: float) -> bool:
        happens = self._presses.note(address, down, now)
        if happens and address not in self._listeners:
            self._presses.keep(address)
        return happens
