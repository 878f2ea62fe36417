"""What the system says of a process: whether it works, waits for the processor, or was stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

WANTING = {psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP}
"""What Linux calls a process that works, would like to, or waits for a disk."""
WORKERS_SECONDS = 1.0
"""From one search for a process's workers to the next, which takes milliseconds."""


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
    """Reads the facts of a process; a few hundred microseconds each time.

    with_workers: and of those that it has started, as if all were one: it may wait for what they do.
    """

    def __init__(self, pid: int, with_workers: bool = False) -> None:
        self._pid = pid
        self._process: psutil.Process | None = None
        self._with_workers = with_workers
        self._workers: list[psutil.Process] = []
        self._searched = 0.0

    def read(self) -> ProcessFacts | None:
        """None where there is no such process any more, or it may not be looked at."""
        try:
            if self._process is None:
                self._process = psutil.Process(self._pid)
            own = _facts(self._process)
            self._search(self._process)
        except (psutil.Error, OSError):
            return None
        return _together([own, *self._facts_of_workers()])

    def kill_workers(self) -> None:
        """Those that were there last; one that is stopped does not end with the process that started it."""
        for worker in self._workers:
            with suppress(psutil.Error, OSError):
                worker.kill()

    def _search(self, process: psutil.Process) -> None:
        if self._with_workers and time.monotonic() - self._searched >= WORKERS_SECONDS:
            self._workers = process.children()
            self._searched = time.monotonic()

    def _facts_of_workers(self) -> Iterator[ProcessFacts]:
        for worker in self._workers:
            with suppress(psutil.Error, OSError):
                yield _facts(worker)


def _together(facts: Sequence[ProcessFacts]) -> ProcessFacts:
    return ProcessFacts(
        processor=sum(one.processor for one in facts),
        moved=sum(one.moved for one in facts),
        stopped=any(one.stopped for one in facts),
        wanting=any(one.wanting for one in facts),
        idle=facts[0].idle,
    )


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
