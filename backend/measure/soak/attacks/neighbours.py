"""Other programs on the same machine that take processor, memory or room on the disk; for a bounded time."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

MOST_MEMORY = 512 * 2**20
"""Bytes that a neighbour takes, and of what is free only a tenth."""
FILE_BYTES = 32 * 2**10


def busy(seconds: float) -> None:
    """Begin to use every processor but one, at least one; it ends by itself."""
    for _ in range(max((os.cpu_count() or 1) - 1, 1)):
        multiprocessing.get_context("spawn").Process(target=_spin, args=(seconds,), daemon=True).start()


def hungry(seconds: float) -> None:
    """Begin to use memory; it ends by itself."""
    size = min(MOST_MEMORY, psutil.virtual_memory().available // 10)
    multiprocessing.get_context("spawn").Process(target=_hold, args=(size, seconds), daemon=True).start()


@contextmanager
def full_disk(process: psutil.Process) -> Iterator[bool]:
    """Let the process write no further than a small file's size, as on a full disk; whether this system can do that.

    It needs no rights, and touches no disk: Linux limits the files of one process.
    """
    if not hasattr(process, "rlimit"):
        yield False
        return
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (FILE_BYTES, before[1]))
    try:
        yield True
    finally:
        if process.is_running():
            process.rlimit(psutil.RLIMIT_FSIZE, before)


def _spin(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def _hold(size: int, seconds: float) -> None:
    held = bytearray(size)
    held[::4096] = bytes(len(held[::4096]))
    time.sleep(seconds)
