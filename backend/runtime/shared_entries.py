"""Entries by name, in a file that several programs change in turn: each keeps what the others have added."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .json_store import Content, JsonStore

Entry = dict[str, Any]


class SharedEntries:
    """What is put in and taken out counts here at once, and is in the file after `write`.

    Nobody but the caller of `write` waits for a disk or for another program.
    """

    def __init__(self, file: JsonStore) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._held: Content = file.read()
        self._edits: dict[str, Entry | None] = {}  # what is not in the file yet; None for what was taken out

    def __len__(self) -> int:
        return len(self.snapshot())

    def snapshot(self) -> dict[str, Entry]:
        """All of them, in the order of their first saving."""
        with self._lock:
            return {name: entry for name, entry in self._held.items() if isinstance(entry, dict)}

    def get(self, name: str) -> Entry | None:
        return self.snapshot().get(name)

    def put(self, name: str, entry: Entry) -> None:
        """Replaces what had this name."""
        self._edit(name, entry)

    def remove(self, name: str) -> None:
        self._edit(name, None)

    def write(self) -> None:
        """Bring to the file what has changed here, and here what has changed in the file. Raises OSError."""
        with self._lock:
            edits, self._edits = self._edits, {}
            held = dict(self._held)
        if not edits and not self._file.changed():
            return
        try:
            # Where the file is gone, everything that is known here goes into the new one.
            content = self._file.update(lambda found: _with(held if found is None else found, edits))
        except BaseException:
            with self._lock:
                self._edits = edits | self._edits
            raise
        with self._lock:
            self._held = _with(content, self._edits)

    def _edit(self, name: str, entry: Entry | None) -> None:
        with self._lock:
            self._edits[name] = entry
            self._held = _with(self._held, {name: entry})


def _with(content: Content, edits: Mapping[str, Entry | None]) -> Content:
    changed = {**content, **edits}
    return {name: entry for name, entry in changed.items() if entry is not None or name not in edits}
