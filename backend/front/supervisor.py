"""Starts the engine process, answers it, and starts it again when it dies or hangs."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from ..engine.messages import ChunkReport, ChunkRequest, EngineStart, Failed, Fault, Next, Ready, Stop
from ..engine.process import main as run_engine
from ..engine.timeline import Span
from ..runtime.metrics import Rate, Window

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Seconds after which an engine that says nothing is taken for dead, and how long to wait between restarts."""

    load: float = 900.0
    first_chunk: float = 300.0
    chunk: float = 20.0
    times_slowest: float = 5.0
    """A slow machine may take this many times the slowest of its last chunks."""
    backoff: float = 0.25
    longest_backoff: float = 10.0
    healthy: float = 30.0
    """After running this long, the next restart is quick again."""
    stop: float = 3.0
    """How long an engine that was told to stop may take."""


@dataclass(frozen=True)
class EngineStatus:
    """What the panel and the status line show of the engine.

    state: "starting", "running", "restarting", "failed" or "stopped".
    """

    state: str
    restarts: int
    device: str
    mode: str
    fps: float
    chunk_ms: float
    chunks: int
    faults: int
    last_fault: str


class Supervisor:
    """Owns the engine process, in a thread of its own.

    chunk_request(span) is asked for the settings of the chunk that shows that span of the input, None while there is
    none. on_fault(address or None, reason) is told what the engine could not do. Both are called from the
    supervisor's thread.
    """

    def __init__(
        self,
        start: EngineStart,
        chunk_request: Callable[[Span | None], ChunkRequest],
        on_fault: Callable[[str | None, str], None],
        limits: Limits | None = None,
    ) -> None:
        self._start = start
        self._chunk_request = chunk_request
        self._on_fault = on_fault
        self._limits = limits or Limits()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name="supervisor", daemon=True)
        self._process: BaseProcess | None = None
        self._state = "starting"
        self._device = ""
        self._mode = ""
        self._faults = 0
        self._last_fault = ""
        self.chunks = 0
        self._ready = False  # whether this life of the engine has loaded its model,
        self._warm = False  # and made a chunk
        self._rate = Rate()
        self.restarts = 0
        self.failure: str | None = None
        """Why the engine can't run at all; trying again would not help."""
        self.chunk_ms = Window(64)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the engine and wait until it is gone."""
        self._stopping.set()
        self._thread.join()

    @property
    def running(self) -> bool:
        """Whether it still looks after an engine."""
        return self._thread.is_alive()

    @property
    def pid(self) -> int | None:
        """The engine's process id, while there is one."""
        return None if self._process is None else self._process.pid

    def status(self, now: float) -> EngineStatus:
        """Rates are those of the seconds before `now`."""
        return EngineStatus(
            state=self._state,
            restarts=self.restarts,
            device=self._device,
            mode=self._mode,
            fps=self._rate.per_second(now),
            chunk_ms=self.chunk_ms.summary().median,
            chunks=self.chunks,
            faults=self._faults,
            last_fault=self._last_fault,
        )

    def _keep_running(self) -> None:
        backoff = self._limits.backoff
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = self._run_once()
            if self._stopping.is_set() or self.failure is not None:
                break
            self.restarts += 1
            self._state = "restarting"
            if time.monotonic() - began > self._limits.healthy:
                backoff = self._limits.backoff
            log.warning("the engine %s; starting it again in %.2g s, the output goes on", reason, backoff)
            self._stopping.wait(backoff)
            backoff = min(2 * backoff, self._limits.longest_backoff)
        if self.failure is None:
            self._state = "stopped"

    def _run_once(self) -> str:
        """One life of the engine; returns how it ended."""
        context = multiprocessing.get_context("spawn")
        connection, theirs = context.Pipe()
        process = context.Process(target=run_engine, args=(theirs, self._start), name="engine", daemon=True)
        process.start()
        theirs.close()  # so that its end of the pipe closes with it
        self._process = process
        self._ready = self._warm = False
        try:
            return self._converse(connection, process)
        except (EOFError, OSError):
            process.join(self._limits.stop)
            return f"died (exit code {process.exitcode})"
        finally:
            self._end(connection, process)

    def _converse(self, connection: Connection, process: BaseProcess) -> str:
        deadline = time.monotonic() + self._limits.load
        while not self._stopping.is_set():
            ready = wait([connection, process.sentinel], timeout=0.1)
            if connection in ready:
                allowed = self._receive(connection, connection.recv())
                deadline = time.monotonic() + allowed
            elif ready:
                return f"died (exit code {process.exitcode})"
            elif time.monotonic() > deadline:
                return "hangs"
            if self.failure is not None:
                return "failed"
        return "was stopped"

    def _receive(self, connection: Connection, message: object) -> float:
        """Deal with one message; returns how many seconds the engine may now be silent."""
        limits = self._limits
        if isinstance(message, Next):
            if message.report is not None:
                self._note(message.report)
            connection.send(self._chunk_request(message.span))
        elif isinstance(message, Ready):
            self._ready, self._state, self._device = True, "running", message.device
            log.info("the engine is ready on %s after %.1f s", message.device, message.seconds)
            return limits.first_chunk
        elif isinstance(message, Fault):
            self._faults += 1
            self._last_fault = message.reason
            self._on_fault(message.address, message.reason)
        elif isinstance(message, Failed):
            self.failure, self._state = message.reason, "failed"
        if not self._warm:
            return limits.first_chunk
        return max(limits.chunk, limits.times_slowest * self.chunk_ms.summary().largest / 1000)

    def _note(self, report: ChunkReport) -> None:
        self.chunks += 1
        self._warm = True
        self._mode = report.mode
        self.chunk_ms.add(1000 * (report.generate + report.settle))
        self._rate.add(time.monotonic(), report.frames)

    def _end(self, connection: Connection, process: BaseProcess) -> None:
        """Ask, wait, kill."""
        try:
            if self._stopping.is_set() and self._ready:
                connection.send(Stop())
                process.join(self._limits.stop)
        except OSError:
            pass  # it is gone already
        if process.is_alive():
            process.kill()
        process.join()
        connection.close()
        self._process = None
