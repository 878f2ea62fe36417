"""Presets: the values of a moment, kept under a name, and set again at once or little by little."""

from __future__ import annotations

import logging
import threading
from typing import Any

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Control, ControlError, ControlTable, Value
from bridge.control.withdrawals import Withdrawal

from ..runtime.json_store import JsonStore
from ..runtime.shared_entries import SharedEntries
from .morph import Morph, Numbers

log = logging.getLogger(__name__)

SAVE, GO, FADE = "/vace/preset/save", "/vace/preset/go", "/vace/preset/fade"
LET_GO = "0"
"""What a button sends when it is let go: no preset's name."""
NEVER_RESTORED = ("/vace/freeze",)
"""The frame that was frozen is gone with the show that had it."""
MAX_NAME = 64
MAX_PRESETS = 256


class Presets:
    """Does what a mailbox's preset addresses ask, from now on; what is saved is on disk after `write`.

    Other programs may keep theirs in the same file; each has all of them. A value that was saved before it was known
    whether it can be had leaves its presets again if it can't.
    """

    def __init__(self, table: ControlTable, mailbox: Mailbox, file: JsonStore, morph: Morph) -> None:
        self._mailbox, self._morph = mailbox, morph
        self._rows = [row for row in table if row.in_preset]
        self._times = {address for row in table for address in row.also}
        self._entries = SharedEntries(file)
        self._lock = threading.Lock()
        self._saved: dict[str, tuple[dict[str, Any], int]] = {}  # by this program, and the mailbox's version then
        mailbox.on_withdrawal(self._withdraw)
        mailbox.listen(SAVE, lambda name, _: self._save(str(name)))
        mailbox.listen(GO, lambda name, _: self._go(str(name)))

    def names(self) -> list[str]:
        """All of them, in the order of their first saving."""
        return list(self._entries.snapshot())

    def entries(self) -> dict[str, dict[str, Any]]:
        """What each of them holds, by its name: values by address."""
        return self._entries.snapshot()

    def write(self) -> None:
        """Bring what has been saved to disk, and here what other programs have saved. Raises OSError."""
        self._entries.write()

    def go(self, name: str, seconds: float) -> None:
        """Set the values of a preset, numbers little by little. ControlError for one that there is not."""
        values = self._entries.get(name)
        if values is None:
            raise ControlError(f"there is no preset {name[:MAX_NAME]!r}; /vace/preset/list names them")
        numbers, rest = self._understood(values, seconds > 0)
        self._morph.stop_all()
        reports = self._mailbox.apply(rest)
        if numbers:
            self._morph.to(numbers, seconds)
        if reports:
            raise ControlError("; ".join(reason for _, reason in reports))

    def _save(self, name: str) -> None:
        if name == LET_GO:
            return
        if not name or len(name) > MAX_NAME:
            raise ControlError(f"{SAVE} takes a name of 1 to {MAX_NAME} characters, got {len(name)}")
        if self._entries.get(name) is None and len(self._entries) >= MAX_PRESETS:
            raise ControlError(f"there are {MAX_PRESETS} presets already; save over one of them")
        with self._lock:
            values, version = self._mailbox.wanted_values()
            self._put(name, {row.address: _as_read(values[row.address]) for row in self._rows}, version)

    def _withdraw(self, gone: Withdrawal) -> None:
        """Put what is used into the presets that were saved since the value was asked for."""
        with self._lock:
            for name, (entry, version) in list(self._saved.items()):
                has_it = version >= gone.asked and entry.get(gone.address) == _as_read(gone.value)
                if has_it and self._entries.get(name) == entry:
                    self._put(name, {**entry, gone.address: _as_read(gone.used)}, version)
                    log.info("the preset %r was saved with a value of %s that was refused", name, gone.address)

    def _put(self, name: str, entry: dict[str, Any], version: int) -> None:
        self._entries.put(name, entry)
        self._saved[name] = entry, version

    def _go(self, name: str) -> None:
        if name != LET_GO or self._entries.get(name) is not None:
            self.go(name, float(self._mailbox.get(FADE)))  # type: ignore[arg-type]

    def _understood(self, values: dict[str, Any], slowly: bool) -> tuple[dict[str, Numbers], list[tuple[str, Any]]]:
        """The numbers that move, and the rest; without what is no longer there, or is not for presets."""
        numbers: dict[str, Numbers] = {}
        rest: list[tuple[str, Any]] = []
        for row in self._rows:
            if row.address not in values:
                continue
            value = values[row.address]
            # A seed in between is no nearer to the other; a time must not be on its way when it is needed.
            if slowly and row.address not in self._times and self._moves(row, value):
                numbers[row.address] = row.accept(value).value  # type: ignore[assignment]
            else:
                rest.append((row.address, value))
        return numbers, rest

    def _moves(self, row: Control, value: Any) -> bool:
        """Whether there is a way from what is now to a value of the file: of a polygon only to as many corners."""
        if row.type == "floats":
            return _fits(row, value) and len(row.accept(value).value) == len(self._mailbox.get(row.address))  # type: ignore[arg-type]
        return row.type == "float" and _fits(row, value)


class LastValues:
    """Keeps the values as they are for the front that comes after a crash."""

    def __init__(self, table: ControlTable, mailbox: Mailbox, file: JsonStore) -> None:
        self._rows = [row for row in table if row.holds and row.address not in NEVER_RESTORED]
        self._look = {row.address for row in table if row.of_chunk}
        self._mailbox, self._file = mailbox, file
        self._written = -1

    def write(self) -> None:
        """To disk, if anything has changed. Raises OSError."""
        version = self._mailbox.version
        if version == self._written:
            return
        values = self._mailbox.snapshot()
        self._file.write({row.address: _as_read(values[row.address]) for row in self._rows})
        self._written = version

    def restore(self, all_of_it: bool) -> list[str]:
        """Set what the last show had; all_of_it: also what acts at once, as the panic switches do. What is refused."""
        known = {row.address for row in self._rows} if all_of_it else self._look
        values = [(address, value) for address, value in self._file.read().items() if address in known]
        log.info("began with the last values" if values else "there are no last values to begin with")
        return [reason for _, reason in self._mailbox.apply(values)]


def _as_read(value: Value) -> Any:
    """A value as it comes back from the file."""
    return list(value) if isinstance(value, tuple) else value


def _fits(row: Control, value: Any) -> bool:
    """Whether a number in the file is one that the control takes as it is; somebody may have written it by hand."""
    try:
        return row.accept(value).report is None
    except ControlError:
        return False
