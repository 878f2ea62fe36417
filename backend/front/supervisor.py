"""Starts the engine process, answers it, and starts it again when it dies or hangs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from bridge import threads

from ..controls.settings import Settings
from ..engine.messages import (
    Beat,
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
    StartAgain,
)
from ..engine.timeline import Span
from .engine_life import Ended, EngineLife
from .engine_record import EngineRecord, EngineStatus
from .limits import Limits

log = logging.getLogger(__name__)

FEW_CHUNKS = 2
"""A life with so many good chunks was worth its start: the next one is started again soon."""
GOOD_CHUNKS = 8
"""After so many, a picture that was not a number in the life before is forgotten."""


class Supervisor:
    """Owns the engine process, in a thread of its own.

    chunk_request(span) is asked for the settings of the chunk that shows that span of the input, None while there is
    none. on_fault(address or None, reason) is told what the engine could not do, and on_refused of a control that can't
    be had as it was set. on_rings_lost() is called when one of the rings in `start` is gone: it makes them anew, and
    gives their names where those are others. All are called from the supervisor's thread.
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
        self._request = ChunkRequest(Settings(), reset=False, anchor=False, mask_ring=None, control_ring=None)
        self._record = EngineRecord()
        self.failure: str | None = None
        """Why the engine can't run at all; trying again would not help."""

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

    @property
    def chunks(self) -> int:
        """Good ones, of all lives."""
        return self._record.chunks

    @property
    def restarts(self) -> int:
        """How often the engine was started again."""
        return self._record.restarts

    def status(self, now: float) -> EngineStatus:
        """Rates are those of the seconds before `now`."""
        life = self._life
        began = None if life is None else life.began
        return self._record.status(now, began, self._thread.stopping.is_set(), self.failure is not None)

    def _keep_running(self) -> None:
        while not self._thread.stopping.is_set():
            self._one_life()
            if self._thread.stopping.is_set() or self.failure is not None:
                return
            self._thread.stopping.wait(self._next_backoff())

    def _one_life(self) -> None:
        """From the start of an engine to its end."""
        self._record.begin_life()
        try:
            self._life = EngineLife(self._start, self._limits, self._record.normal, self._load_limit())
            self._converse(self._life)
        except Ended as end:
            self._note_end(str(end), end.hung)
        except (OSError, MemoryError) as error:
            self._note_end(f"cannot be started ({error})")
        finally:
            life, self._life = self._life, None
            if life is not None:
                life.end(ask=self._record.ready and self._thread.stopping.is_set())

    def _load_limit(self) -> float:
        limits = self._limits
        if self._first_load is None:
            return limits.load
        return min(limits.load, self._patience * (limits.reload_times * self._first_load + limits.reload))

    def _next_backoff(self) -> float:
        """Seconds until the next start, each time twice as long; from the beginning after a life that was worth it."""
        if self._record.life_chunks >= FEW_CHUNKS:
            self._backoff = self._limits.backoff
        backoff = self._backoff
        self._backoff = min(2 * backoff, self._limits.longest_backoff)
        return backoff

    def _note_end(self, reason: str, hung: bool = False) -> None:
        if self._thread.stopping.is_set() or self.failure is not None:
            return
        if hung and not self._record.ready:
            self._patience *= 2
        self._record.note_end(reason, hung)
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
                self._record.loading = message.what
                log.info("the engine loads: %s", message.what)
            case Ready():
                self._note_ready(life, message, now)
            case Fault():
                self._record.note_fault(message.reason)
                self._tell(message.address, message.reason)
            case Refused():
                self._on_refused(message)
            case Notice():
                self._tell(None, message.text)
            case Degraded():
                self._record.degraded = message.what
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
        self._record.note_ready(message, now)
        life.liveness.note_ready(message.device)
        log.info("the engine is ready on %s after %.1f s", message.device, message.seconds)

    def _note_next(self, life: EngineLife, message: Next, now: float) -> None:
        self._record.note_next(message, now)
        if message.report is not None:
            life.liveness.note_chunk()
            if self._record.life_chunks == GOOD_CHUNKS:
                self._start = replace(self._start, restarted_for_picture=False)

    def _answer(self, span: Span | None) -> ChunkRequest:
        """The settings of the chunk; those of the chunk before where they can't be had."""
        try:
            self._request = self._chunk_request(span)
        except Exception as error:  # noqa: BLE001 - a value that nobody foresaw must not end the show
            threads.report("supervisor", error)
            reason = f"the settings of this chunk can't be had ({threads.described(error)})"
            self._record.note_fault(reason)
            self._tell(None, f"{reason}; those of the chunk before are used")
            self._request = replace(self._request, reset=False, anchor=False)
        return self._request

    def _tell(self, address: str | None, reason: str) -> None:
        try:
            self._on_fault(address, reason)
        except Exception as error:  # noqa: BLE001 - whoever is told must not end the show
            threads.report("supervisor", error)
