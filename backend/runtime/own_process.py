"""What this process takes of the machine: of that nothing may grow as a show goes on."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

_process = psutil.Process()


@dataclass(frozen=True)
class Usage:
    """memory_mb: that of this process and what it shares with others; handles: open files, sockets, memories."""

    memory_mb: float
    threads: int
    handles: int


def usage() -> Usage:
    """Of this moment."""
    with _process.oneshot():
        handles = getattr(_process, "num_handles" if psutil.WINDOWS else "num_fds")()
        return Usage(round(_process.memory_info().rss / 2**20, 1), _process.num_threads(), handles)
