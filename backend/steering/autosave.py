"""Brings to disk what is to outlive the program, in a thread of its own: nobody who steers waits for a disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bridge.threads import GuardedThread, report

LOOK_SECONDS = 0.1
RETRY_SECONDS = 2.0
"""After a job that has failed, before it is tried again."""


class Autosave:
    """jobs: (write, seconds): `write` is called every so often, and once more at the end.

    One that raises is told, and tried again; the others go on. told(reason): called with what could not be written.
    """

    def __init__(self, jobs: Sequence[tuple[Callable[[], None], float]], told: Callable[[str], None]) -> None:
        self._jobs, self._told = jobs, told
        self._due = [0.0] * len(jobs)
        self._thread = GuardedThread("autosave", self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def _run(self) -> None:
        while not self._thread.stopping.wait(LOOK_SECONDS):
            for number, (write, seconds) in enumerate(self._jobs):
                if time.monotonic() >= self._due[number]:
                    self._due[number] = time.monotonic() + max(seconds, RETRY_SECONDS)
                    if self._do(write):
                        self._due[number] = time.monotonic() + seconds
        for write, _ in self._jobs:
            self._do(write)

    def _do(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except Exception as reason:  # noqa: BLE001 - whatever is wrong with one file, the others are kept
            if not isinstance(reason, OSError):
                report("autosave", reason)
            self._told(f"what was set cannot be kept: {reason}")
            return False
        return True
