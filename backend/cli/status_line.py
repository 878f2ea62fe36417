"""One line in the terminal that says how the show is doing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from bridge.threads import GuardedThread

if TYPE_CHECKING:
    from ..front.status import FrontStatus

SECONDS = 2.0


class StatusLine:
    """Writes the line anew every two seconds, between `with` and its end, if `stream` is a terminal."""

    def __init__(self, status: Callable[[], FrontStatus], stream: TextIO) -> None:
        self._status = status
        self._stream = stream
        self._thread = GuardedThread("status line", self._run)

    def __enter__(self) -> StatusLine:
        if self._stream.isatty():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        shown = self._thread.is_alive()
        self._thread.stop()
        if shown:
            self._stream.write("\n")

    def _run(self) -> None:
        while not self._thread.stopping.wait(SECONDS):
            self._stream.write("\r\x1b[2K" + line(self._status()))
            self._stream.flush()


def line(status: FrontStatus) -> str:
    """The figures that a person at a show looks for; trouble only where there is some."""
    parts = [
        f"{status.state}: {status.loading}" if status.loading else status.state,
        f"out {status.output_fps} fps",
        f"engine {status.engine_fps} fps",
        f"latency {status.latency_ms} ms",
        f"tick error {status.tick_error_p99_ms} ms",
    ]
    counts = {"restarts": status.restarts, "faults": status.faults, "missed ticks": status.ticks_missed}
    parts += [f"{count} {name}" for name, count in counts.items() if count]
    if status.last_fault:
        parts.append(status.last_fault[:60])
    return " | ".join(parts)
