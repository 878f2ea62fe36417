"""Brings to disk what is to outlive the program, in a thread of its own: nobody who steers waits for a disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

LOOK_SECONDS = 0.1


class Autosave:
    """jobs: (write, seconds): `write` is called every so often, and once more at the end; it may raise OSError.

    told(reason): called with what could not be written.
    """

    def __init__(self, jobs: Sequence[tuple[Callable[[], None], float]], told: Callable[[str], None]) -> None:
        self._jobs, self._told = jobs, told
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autosave", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        due = [0.0] * len(self._jobs)
        while not self._stopping.wait(LOOK_SECONDS):
            for number, (write, seconds) in enumerate(self._jobs):
                if time.monotonic() >= due[number]:
                    due[number] = time.monotonic() + seconds
                    self._do(write)
        for write, _ in self._jobs:
            self._do(write)

    def _do(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as reason:
            self._told(f"what was set cannot be kept: {reason}")
