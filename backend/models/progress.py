"""How far a download is, on standard error: one line that changes in a terminal, a line per tenth elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

REFRESH = 0.2
"""Seconds between two looks of the line."""


class Progress:
    """Of one file. Call it with the bytes that came."""

    def __init__(self, name: str, doing: str, done: int, size: int, stream: TextIO) -> None:
        self._name, self._doing, self._size, self._stream = name, doing, size, stream
        self._first, self._done = done, done
        self._began = self._shown = time.monotonic()
        self._tenth = 10 * done // max(size, 1)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream.isatty() and self._done != self._first:
            self._stream.write(f"\r{self._line()}\n")

    def __call__(self, more: int) -> None:
        self._done += more
        now, tenth = time.monotonic(), 10 * self._done // max(self._size, 1)
        if self._stream.isatty():
            if now - self._shown >= REFRESH:
                self._shown = now
                self._stream.write(f"\r{self._line()}")
                self._stream.flush()
        elif tenth != self._tenth:
            self._tenth = tenth
            self._stream.write(f"{self._line().rstrip()}\n")

    def _line(self) -> str:
        seconds = max(time.monotonic() - self._began, 1e-3)
        rate, more = (self._done - self._first) / seconds, self._size - self._done
        left = f", {_duration(more / rate)} left" if rate > 0 and more > 0 and seconds > 1 else ""
        text = f"{self._name}: {self._doing} {gigabytes(self._done)} of {gigabytes(self._size)}, {rate / 1e6:.1f} MB/s"
        return f"{text}{left}".ljust(78)


def gigabytes(size: float) -> str:
    """5675987200 -> "5.68 GB"; below one, megabytes; a few bytes as they are."""
    if size >= 1e9:
        return f"{size / 1e9:.2f} GB"
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size:.0f} bytes"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 100 else f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"
