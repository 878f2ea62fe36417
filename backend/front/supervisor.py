"""Starts the engine process, answers it, and starts it again when it dies or hangs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge import threads

from ..controls.settings import Settings
from ..engine.messages import (
    Beat,
    ChunkReport,
    ChunkRequest,
    Degraded,
    EngineStart,
    Failed,
    Fault,
    Loading,
    Next,
    Notice,
    Ready,
    Refused,
    RingNames,
    RingsLost,
    RunsOn,
    StartAgain,
)
from ..engine.timeline import Span
from ..runtime.metrics import Rate, Window
from .engine_life import Ended, EngineLife
from .engine_state import EngineFacts, engine_state
from .latency import StagesMs, StageWindows
from .limits import Limits
from .liveness import NormalTime

log = logging.getLogger(__name__)

FEW_CHUNKS = 2
"""A life with so many good chunks was worth its start: the next one is started again soon."""
GOOD_CHUNKS = 8
"""After so many, a picture that was not a number in the life before is forgotten."""


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


class Supervisor:
    """Owns the engine process, in a thread of its own.

    chunk_request(span) is asked for the settings of the chunk that shows that span of the input, None while there is
    none. on_fault(address or None, reason) is told what the engine could not do, and on_refused of a control that can't
    be had as it was set. on_rings_lost() is asked for other
    rings when one of those in `start` is gone; None where there are none. All are called from the supervisor's thread.
    """

    def __init__(
        self,
        start: EngineStart,
        chunk_request: Callable[[Span | None], ChunkRequest],
        on_fault: Callable[[str | None, str], None],
        limits: Limits | None = None,
        on_rings_lost: Callable[[], RingNames | None] = lambda: None,
        on_refused: Callable[[Refused], None] = lambda _: None,
    ) -> None:
        self._start = start
        self._chunk_request = chunk_request
        self._on_fault = on_fault
        self._on_rings_lost = on_rings_lost
        self._on_refused = on_refused
        self._limits = limits or Limits()
        self._thread = threads.GuardedThread("supervisor", self._keep_running)
        self._life: EngineLife | None = None
        self._backoff = self._limits.backoff
        self._first_load: float | None = None
        self._patience = 1.0  # with a reload: doubled each time that one took too long
        self._normal, self._period = NormalTime(), NormalTime()
        self._request = ChunkRequest(Settings(), reset=False, anchor=False, mask_ring=None, control_ring=None)
        self._begin_life()
        self._device = ""
        self._runs_on = RunsOn()
        self._mode = ""
        self._faults = 0
        self._last_fault = ""
        self._last_end = ""
        self._hangs = 0
        self._last_chunk: float | None = None
        self.chunks = 0
        self._rate = Rate()
        self.restarts = 0
        self.failure: str | None = None
        """Why the engine can't run at all; trying again would not help."""
        self.chunk_ms, self._stages = Window(64), StageWindows()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the engine, and wait until it is gone, but not for ever."""
        self._thread.stop(3 * self._limits.stop)
        if self._thread.is_alive():
            log.warning("the supervisor does not end; its engine is killed")
            if (life := self._life) is not None:
                life.kill()

    @property
    def running(self) -> bool:
        """Whether it still looks after an engine."""
        return self._thread.is_alive()

    @property
    def pid(self) -> int | None:
        """The engine's process id, while there is one."""
        life = self._life
        return None if life is None else life.pid

    def status(self, now: float) -> EngineStatus:
        """Rates are those of the seconds before `now`."""
        last, life = self._last_chunk, self._life
        return EngineStatus(
            state=engine_state(self._facts(now)),
            restarts=self.restarts,
            device=self._device,
            runs_on=self._runs_on,
            mode=self._mode,
            fps=self._rate.per_second(now),
            chunk_ms=self.chunk_ms.summary().median,
            stages_ms=self._stages.medians(),
            chunks=self.chunks,
            faults=self._faults,
            last_fault=self._last_fault,
            degraded=self._degraded,
            since_chunk=None if last is None else now - last,
            loading=self._loading,
            loading_for=0.0 if life is None or self._ready else max(0.0, now - life.began),
            hangs=self._hangs,
            last_end=self._last_end,
        )

    def _facts(self, now: float) -> EngineFacts:
        times = (self._normal, self._period)
        usual = [time.seconds for time in times if time.seconds is not None]
        quickest = [time.quickest for time in times if time.quickest is not None]
        return EngineFacts(
            stopped=self._thread.stopping.is_set(),
            failure=self.failure is not None,
            again=self.restarts > 0,
            ready=self._ready,
            waiting=self._waiting,
            held=self._held,
            chunks=self._life_chunks,
            idle_for=now - self._idle_since,
            normal=max(usual, default=None),
            quickest=max(quickest, default=None),
            degraded=self._degraded,
        )

    def _keep_running(self) -> None:
        while not self._thread.stopping.is_set():
            self._one_life()
            if self._thread.stopping.is_set() or self.failure is not None:
                return
            self._thread.stopping.wait(self._next_backoff())

    def _one_life(self) -> None:
        """From the start of an engine to its end."""
        self._begin_life()
        try:
            self._life = EngineLife(self._start, self._limits, self._normal, self._load_limit())
            self._converse(self._life)
        except Ended as end:
            self._note_end(str(end), end.hung)
        except (OSError, MemoryError) as error:
            self._note_end(f"cannot be started ({error})")
        finally:
            life, self._life = self._life, None
            if life is not None:
                life.end(ask=self._ready and self._thread.stopping.is_set())

    def _begin_life(self) -> None:
        self._ready = self._waiting = self._held = False
        self._life_chunks = 0
        self._idle_since = time.monotonic()
        self._degraded = self._loading = ""

    def _load_limit(self) -> float:
        limits = self._limits
        if self._first_load is None:
            return limits.load
        return min(limits.load, self._patience * (limits.reload_times * self._first_load + limits.reload))

    def _next_backoff(self) -> float:
        """Seconds until the next start, each time twice as long; from the beginning after a life that was worth it."""
        if self._life_chunks >= FEW_CHUNKS:
            self._backoff = self._limits.backoff
        backoff = self._backoff
        self._backoff = min(2 * backoff, self._limits.longest_backoff)
        return backoff

    def _note_end(self, reason: str, hung: bool = False) -> None:
        if self._thread.stopping.is_set() or self.failure is not None:
            return
        if hung and not self._ready:
            self._patience *= 2
        self._ready = False
        self.restarts += 1
        self._hangs += hung
        self._last_end = reason
        self._tell(None, f"the engine {reason}; it is started again, and the output goes on")

    def _converse(self, life: EngineLife) -> None:
        """Raises Ended when there is nothing more to be had of this life."""
        while not self._thread.stopping.is_set():
            message = life.listen()
            if message is not None:
                self._receive(life, message)

    def _receive(self, life: EngineLife, message: object) -> None:
        now = time.monotonic()
        match message:
            case Beat():
                life.liveness.note_beat(message, now)
            case Next():
                life.liveness.note_turn(now)
                self._note_next(life, message, now)
                life.send(self._answer(message.span))
            case Loading():
                self._loading = message.what
                log.info("the engine loads: %s", message.what)
            case Ready():
                self._note_ready(life, message, now)
            case Fault():
                self._faults += 1
                self._last_fault = message.reason
                self._tell(message.address, message.reason)
            case Refused():
                self._on_refused(message)
            case Notice():
                self._tell(None, message.text)
            case Degraded():
                self._degraded = message.what
            case Failed() | RingsLost() | StartAgain():
                self._end_life(message)

    def _end_life(self, message: Failed | RingsLost | StartAgain) -> None:
        match message:
            case Failed() if self._first_load is None:
                self.failure = message.reason
            case RingsLost():
                self._start = replace(self._start, rings=self._other_rings() or self._start.rings)
            case StartAgain():
                for_picture = message.for_picture or self._start.restarted_for_picture
                self._start = replace(self._start, restarted_for_picture=for_picture, given_up=message.given_up)
        raise Ended({Failed: "cannot load its model: ", RingsLost: "", StartAgain: ""}[type(message)] + message.reason)

    def _other_rings(self) -> RingNames | None:
        try:
            return self._on_rings_lost()
        except Exception as error:  # noqa: BLE001 - whatever the front meets there, the engine is tried again
            threads.report("supervisor", error)
            return None

    def _note_ready(self, life: EngineLife, message: Ready, now: float) -> None:
        if self._first_load is None:
            self._first_load = now - life.began
        self._patience = 1.0
        self._ready, self._device, self._idle_since = True, message.device, now
        self._runs_on, self._loading = message.runs_on, ""
        life.liveness.note_ready(message.device)
        log.info("the engine is ready on %s after %.1f s", message.device, message.seconds)

    def _note_next(self, life: EngineLife, message: Next, now: float) -> None:
        self._held = message.held or (self._held and message.report is None)
        self._waiting = message.span is None and not message.held
        if self._waiting:
            self._idle_since = now
        if message.report is not None:
            life.liveness.note_chunk()
            self._note_chunk(message.report, now)

    def _note_chunk(self, report: ChunkReport, now: float) -> None:
        self.chunks += 1
        self._life_chunks += 1
        self._last_chunk = self._idle_since = now
        self._mode, self._runs_on = report.mode, report.runs_on
        self._normal.add(report.generate + report.settle)
        if report.period:
            self._period.add(report.period)
        self.chunk_ms.add(1000 * (report.generate + report.settle))
        self._stages.add(report)
        self._rate.add(now, report.frames)
        if self._life_chunks == GOOD_CHUNKS:
            self._start = replace(self._start, restarted_for_picture=False)

    def _answer(self, span: Span | None) -> ChunkRequest:
        """The settings of the chunk; those of the chunk before where they can't be had."""
        try:
            self._request = self._chunk_request(span)
        except Exception as error:  # noqa: BLE001 - a value that nobody foresaw must not end the show
            threads.report("supervisor", error)
            reason = f"the settings of this chunk can't be had ({threads.described(error)})"
            self._faults += 1
            self._last_fault = reason
            self._tell(None, f"{reason}; those of the chunk before are used")
            self._request = replace(self._request, reset=False, anchor=False)
        return self._request

    def _tell(self, address: str | None, reason: str) -> None:
        try:
            self._on_fault(address, reason)
        except Exception as error:  # noqa: BLE001 - whoever is told must not end the show
            threads.report("supervisor", error)
