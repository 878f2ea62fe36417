"""Text for a terminal, a pipe or a disk that may hang: who writes never waits, and what finds no room is counted."""

from __future__ import annotations

import io
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from bridge.threads import GuardedThread

MOST_WAITING = 1000
"""Texts that wait to be written; further ones are lost."""
LONGEST = 16_000
"""Characters of one text that are written."""
DRAIN_SECONDS = 1.0
LOOK_SECONDS = 0.5
Sink = Callable[[bytes], None]
"""Writes bytes, all of them. May block, and may raise OSError."""


class LossyStream(io.TextIOBase):
    """A stream whose texts `sink` gets from a thread of its own, which ends when `close_soon` is called.

    descriptor: what the sink writes to, for those who ask. failed(reason): called once, with why the sink failed.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        descriptor: int | None = None,
        failed: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._sink, self._descriptor, self._failed = sink, descriptor, failed
        self._waiting: queue.Queue[str] = queue.Queue(MOST_WAITING)
        self._told = False
        self.lost = 0
        """Texts that were not written, since the last that was."""
        self._counting = threading.Lock()
        self._thread = GuardedThread(name, self._run)
        self._thread.start()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def write(self, text: str, /) -> int:
        try:
            self._waiting.put_nowait(text[:LONGEST])
        except queue.Full:
            with self._counting:
                self.lost += 1
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._descriptor is not None and os.isatty(self._descriptor)

    def fileno(self) -> int:
        if self._descriptor is None:
            raise io.UnsupportedOperation("this stream has no file")
        return self._descriptor

    def close_soon(self, seconds: float = DRAIN_SECONDS) -> bool:
        """Write what waits, for so long at most; whether all of it was written. A sink that hangs is left behind."""
        waiting = self._waiting
        with waiting.all_tasks_done:
            done = waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, seconds)
        self._thread.stopping.set()
        return done

    def _run(self) -> None:
        while not self._thread.stopping.is_set():
            try:
                text = self._waiting.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            try:
                self._put(text)
            finally:
                self._waiting.task_done()

    def _put(self, text: str) -> None:
        with self._counting:
            lost, self.lost = self.lost, 0
        if lost:
            text = f"[{lost} lines were lost here: nothing took them]\n{text}"
        try:
            self._sink(text.encode("utf-8", "backslashreplace"))
        except (OSError, ValueError) as reason:
            with self._counting:
                self.lost += lost + 1
            if not self._told:
                self._told = True
                self._failed(str(reason))


class Descriptor:
    """Writes to an open file of the system past Python's buffers, whose locks are not to be held by what hangs."""

    def __init__(self, descriptor: int) -> None:
        self._raw = open(descriptor, "wb", buffering=0, closefd=False)  # noqa: SIM115 - as long as the program

    def write(self, text: bytes) -> None:
        while text:
            text = text[self._raw.write(text) or len(text) :]


class RotatingFile:
    """A file that is begun anew when it is full; so many of the former ones are kept, as `vace.log.1`, `.2`, ..."""

    def __init__(self, path: Path, largest: int, kept: int) -> None:
        """Raises OSError if it can't be written."""
        self._path, self._largest, self._kept = path, largest, kept
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise OSError("it is no file")
        self._open()

    def write(self, text: bytes) -> None:
        if self._size and self._size + len(text) > self._largest:
            self._rotate()
        self._file.write(text)
        self._size += len(text)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115 - as long as the program
        self._size = os.fstat(self._file.fileno()).st_size

    def _rotate(self) -> None:
        self._file.close()
        try:
            for number in range(self._kept, 0, -1):
                former = self._path if number == 1 else self._numbered(number - 1)
                if former.exists():
                    os.replace(former, self._numbered(number))
        finally:
            self._open()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
