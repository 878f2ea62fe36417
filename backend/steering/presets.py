"""Presets: the values of a moment, kept under a name, and set again at once or little by little."""

from __future__ import annotations

import threading
from typing import Any

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Control, ControlError, ControlTable

from ..runtime.json_store import JsonStore
from .morph import Morph, Numbers

SAVE, GO, FADE = "/vace/preset/save", "/vace/preset/go", "/vace/preset/fade"
LET_GO = "0"
"""What a button sends when it is let go: no preset's name."""
MAX_NAME = 64
MAX_PRESETS = 256


class Presets:
    """Does what a mailbox's preset addresses ask, from now on; what is saved is on disk after `write`.

    Raises OSError if there is a file that can be neither read nor put aside.
    """

    def __init__(self, table: ControlTable, mailbox: Mailbox, file: JsonStore, morph: Morph) -> None:
        self._table, self._mailbox, self._file, self._morph = table, mailbox, file, morph
        self._rows = [row for row in table if row.in_preset]
        self._times = {address for row in table for address in row.also}
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {
            name: values for name, values in file.read().items() if isinstance(values, dict)
        }
        self._unwritten = False
        mailbox.listen(SAVE, lambda name, _: self._save(str(name)))
        mailbox.listen(GO, lambda name, _: self._go(str(name)))

    def names(self) -> list[str]:
        """All of them, in the order of their first saving."""
        with self._lock:
            return list(self._kept)

    def write(self) -> None:
        """Bring what has been saved to disk, if anything has. Raises OSError."""
        with self._lock:
            if not self._unwritten:
                return
            content = dict(self._kept)
            self._unwritten = False
        try:
            self._file.write(content)
        except OSError:
            self._unwritten = True
            raise

    def _save(self, name: str) -> None:
        if name == LET_GO:
            return
        if not name or len(name) > MAX_NAME:
            raise ControlError(f"{SAVE} takes a name of 1 to {MAX_NAME} characters, got {len(name)}")
        values = self._mailbox.snapshot()
        with self._lock:
            if name not in self._kept and len(self._kept) >= MAX_PRESETS:
                raise ControlError(f"there are {MAX_PRESETS} presets already; save over one of them")
            self._kept[name] = {row.address: values[row.address] for row in self._rows}
            self._unwritten = True

    def _go(self, name: str) -> None:
        with self._lock:
            values = self._kept.get(name)
        if values is None:
            if name == LET_GO:
                return
            raise ControlError(f"there is no preset {name[:MAX_NAME]!r}; /vace/preset/list names them")
        seconds = float(self._mailbox.get(FADE))  # type: ignore[arg-type]
        numbers, rest = self._understood(values, seconds > 0)
        self._morph.stop_all()
        reports = self._mailbox.apply(rest)
        if numbers:
            self._morph.to(numbers, seconds)
        if reports:
            raise ControlError("; ".join(reason for _, reason in reports))

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
    """Keeps the values as they are for the front that comes after a crash. Panic switches are not among them."""

    def __init__(self, table: ControlTable, mailbox: Mailbox, file: JsonStore) -> None:
        self._rows = [row for row in table if row.of_chunk]
        self._mailbox, self._file = mailbox, file
        self._written = -1

    def write(self) -> None:
        """To disk, if anything has changed. Raises OSError."""
        version = self._mailbox.version
        if version == self._written:
            return
        values = self._mailbox.snapshot()
        self._file.write({row.address: values[row.address] for row in self._rows})
        self._written = version


def _fits(row: Control, value: Any) -> bool:
    """Whether a number in the file is one that the control takes as it is; somebody may have written it by hand."""
    try:
        return row.accept(value).report is None
    except ControlError:
        return False
