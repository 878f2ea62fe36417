"""What is known of the engine: noted as it says it, over all its lives, and shown as its status."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..engine.messages import ChunkReport, Next, Ready, RunsOn
from ..runtime.metrics import Rate, Window
from .engine_state import EngineFacts, engine_state
from .latency import StagesMs, StageWindows
from .liveness import NormalTime


@dataclass(frozen=True)
class EngineStatus:
    """What the panel and the status line show of the engine."""

    state: str
    """One of `engine_state.STATES`."""
    restarts: int
    device: str
    runs_on: RunsOn
    mode: str
    fps: float
    chunk_ms: float
    stages_ms: StagesMs
    chunks: int
    faults: int
    last_fault: str
    degraded: str
    """What is given up so that the show goes on; "" for nothing."""
    since_chunk: float | None
    """Seconds since the last good chunk; None before the first."""
    loading_for: float
    """Seconds for which the model has been loading; 0.0 once it is there."""
    loading: str
    """What is done meanwhile, as "compiling the encoder"; "" for nothing that takes long, and once it is there."""
    hangs: int
    """How often it was started again because it hung."""
    last_end: str
    """How its last life ended; "" while it is in its first."""


class EngineRecord:
    """Written by the supervisor's thread alone; any thread may ask for the status. `now` is on the monotonic clock."""

    def __init__(self) -> None:
        self.chunks = self.restarts = 0
        self.normal, self._period = NormalTime(), NormalTime()
        """Of the making of a chunk, and from one to the next."""
        self._device = ""
        self._runs_on = RunsOn()
        self._mode = ""
        self._faults = self._hangs = 0
        self._last_fault = self._last_end = ""
        self._last_chunk: float | None = None
        self._rate = Rate()
        self._chunk_ms, self._stages = Window(64), StageWindows()
        self.begin_life()

    def begin_life(self) -> None:
        """An engine is about to be started."""
        self.ready = self._waiting = self._held = False
        self.life_chunks = 0
        """Good ones of this life."""
        self._idle_since = time.monotonic()
        self.degraded = self.loading = ""
        """As `EngineStatus` has them."""

    def note_ready(self, message: Ready, now: float) -> None:
        """It has loaded its model."""
        self.ready, self._device, self._idle_since = True, message.device, now
        self._runs_on, self.loading = message.runs_on, ""

    def note_next(self, message: Next, now: float) -> None:
        """It asks for the settings of a chunk, and may report the one before."""
        self._held = message.held or (self._held and message.report is None)
        self._waiting = message.span is None and not message.held
        if self._waiting:
            self._idle_since = now
        if message.report is not None:
            self._note_chunk(message.report, now)

    def note_fault(self, reason: str) -> None:
        """There is something that it could not do."""
        self._faults += 1
        self._last_fault = reason

    def note_end(self, reason: str, hung: bool) -> None:
        """Its life has ended, and another one will begin."""
        self.ready = False
        self.restarts += 1
        self._hangs += hung
        self._last_end = reason

    def status(self, now: float, began: float | None, stopped: bool, failed: bool) -> EngineStatus:
        """Rates are those of the seconds before `now`.

        began: when the life that runs was started, None between two. stopped: it was told to end. failed: it can't be
        loaded at all.
        """
        last = self._last_chunk
        return EngineStatus(
            state=engine_state(self._facts(now, stopped, failed)),
            restarts=self.restarts,
            device=self._device,
            runs_on=self._runs_on,
            mode=self._mode,
            fps=self._rate.per_second(now),
            chunk_ms=self._chunk_ms.summary().median,
            stages_ms=self._stages.medians(),
            chunks=self.chunks,
            faults=self._faults,
            last_fault=self._last_fault,
            degraded=self.degraded,
            since_chunk=None if last is None else now - last,
            loading=self.loading,
            loading_for=0.0 if began is None or self.ready else max(0.0, now - began),
            hangs=self._hangs,
            last_end=self._last_end,
        )

    def _facts(self, now: float, stopped: bool, failed: bool) -> EngineFacts:
        times = (self.normal, self._period)
        usual = [each.seconds for each in times if each.seconds is not None]
        quickest = [each.quickest for each in times if each.quickest is not None]
        return EngineFacts(
            stopped=stopped,
            failure=failed,
            again=self.restarts > 0,
            ready=self.ready,
            waiting=self._waiting,
            held=self._held,
            chunks=self.life_chunks,
            idle_for=now - self._idle_since,
            normal=max(usual, default=None),
            quickest=max(quickest, default=None),
            degraded=self.degraded,
        )

    def _note_chunk(self, report: ChunkReport, now: float) -> None:
        self.chunks += 1
        self.life_chunks += 1
        self._last_chunk = self._idle_since = now
        self._mode, self._runs_on = report.mode, report.runs_on
        self.normal.add(report.generate + report.settle)
        if report.period:
            self._period.add(report.period)
        self._chunk_ms.add(1000 * (report.generate + report.settle))
        self._stages.add(report)
        self._rate.add(now, report.frames)
