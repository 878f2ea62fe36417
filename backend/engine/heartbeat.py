"""The engine's sign of life: what it does, told several times a second by a thread that does nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.threads import GuardedThread

from .messages import Beat, Phase

SECONDS = 0.2
"""From one beat to the next."""


class Heartbeat:
    """send(Beat): to the front. Begins in the phase "loading"."""

    def __init__(self, send: Callable[[Beat], None]) -> None:
        self._send = send
        self._beat = Beat("loading", time.monotonic())
        self._thread = GuardedThread("heartbeat", self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def enter(self, phase: Phase, since: float | None = None) -> None:
        """What the engine does from now on; since: when it began, if that was not now."""
        self._beat = Beat(phase, time.monotonic() if since is None else since)

    def _run(self) -> None:
        while not self._thread.stopping.wait(SECONDS):
            try:
                self._send(self._beat)
            except OSError:  # the front is gone, and the engine goes with it
                return
