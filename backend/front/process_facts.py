"""What the system says of a process: whether it works, waits for the processor, or was stopped."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

WANTING = {psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP}
"""What Linux calls a process that works, would like to, or waits for a disk."""


@dataclass(frozen=True)
class ProcessFacts:
    """Of one moment.

    processor: seconds of processor time that it has spent, on all cores. moved: grows when it reads, writes (its beats,
    too) or memory is fetched for it. stopped: by a signal or a debugger (Linux, macOS), or suspended (Windows).
    wanting: it works or would like to, where the system tells. idle: seconds for which cores of the machine have had
    nothing to do, summed.
    """

    processor: float
    moved: int
    stopped: bool
    wanting: bool
    idle: float


class ProcessWatch:
    """Reads the facts of a process; a few hundred microseconds each time."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._process: psutil.Process | None = None

    def read(self) -> ProcessFacts | None:
        """None where there is no such process any more, or it may not be looked at."""
        try:
            if self._process is None:
                self._process = psutil.Process(self._pid)
            return _facts(self._process)
        except (psutil.Error, OSError):
            return None


def _facts(process: psutil.Process) -> ProcessFacts:
    with process.oneshot():
        status, times = process.status(), process.cpu_times()
        return ProcessFacts(
            processor=times.user + times.system,
            moved=_moved(process),
            stopped=status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP),
            wanting=psutil.LINUX and status in WANTING,
            idle=psutil.cpu_times().idle,
        )


def _moved(process: psutil.Process) -> int:
    """Bytes read and written; on Windows page faults too, which is how a mapped file is read."""
    moved = getattr(process.memory_info(), "num_page_faults", 0)
    if hasattr(process, "io_counters"):
        counters = process.io_counters()
        moved += counters.read_bytes + counters.write_bytes
    return moved
