"""What is done when a chunk could not be made, so that the next one can be."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from ..controls.settings import Settings
from .memory_ladder import RUNGS, SCALES, MemoryLadder, free_caches, is_out_of_memory
from .messages import Degraded, EngineStart, Fault, Notice, StartAgain
from .one_line import one_line
from .ranks.errors import OutOfStep
from .retry import Retry
from .shared_connection import SharedConnection
from .sized_pipeline import SizedPipeline
from .unsound import NotANumber, UnsoundChunks, advice

AGAIN = "the engine starts again, with all its devices"


@dataclass(frozen=True)
class Failure:
    """Why a chunk could not be made. It holds nothing of the error itself, which would keep the chunk's memory."""

    kind: Literal["memory", "unsound", "other"]
    reason: str
    final: bool = False
    """Whether nothing but a fresh start helps."""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        if is_out_of_memory(error):
            return cls("memory", one_line(error), isinstance(error, OutOfStep))
        if isinstance(error, OutOfStep):
            return cls("other", one_line(error), final=True)
        return cls("unsound" if isinstance(error, NotANumber) else "other", one_line(error))


class Recovery:
    """Gives up what the show can do without, begins the stream anew, or has the engine started again; and tells so."""

    def __init__(self, connection: SharedConnection, start: EngineStart, pipeline: SizedPipeline) -> None:
        self._connection, self._start, self._pipeline = connection, start, pipeline
        self._ladder, self._retry = MemoryLadder(start.given_up, time.monotonic()), Retry()
        self._unsound = UnsoundChunks(start.restarted_for_picture)
        self._no_picture = ""  # what is said of that as long as there is none
        self._degraded = ""
        self.ending = False
        """Whether nothing but a fresh start helps."""
        if start.given_up:
            self._fit()

    @property
    def given_up(self) -> tuple[str, ...]:
        """What chunks are made without, of `memory_ladder.RUNGS`."""
        return self._ladder.given_up

    @property
    def suspects_pictures(self) -> bool:
        """Whether a picture was none lately, so that a chunk has to be seen whole before any of it is handed out."""
        return self._unsound.suspected

    def held(self, now: float) -> bool:
        """Whether no chunk is to be tried yet, as the last ones failed."""
        return self._retry.held(now)

    def note_settings(self, settings: Settings) -> None:
        """What the controls say meanwhile."""
        self._retry.note_settings(settings)

    def note_success(self) -> None:
        """All that a good chunk is good for."""
        self._retry.note_success()
        self._unsound.note_good()
        self._no_picture = ""
        if rung := self._ladder.step_up(time.monotonic()):
            self._connection.send(Notice(f"memory has been enough for a while; {rung} is tried again"))
            if rung in SCALES:  # the others act from the next chunk on, and the stream need not begin anew for them
                self._fit()
        self._tell_degraded()

    def recover(self, failure: Failure, settings: Settings) -> None:
        """Make the next chunk possible."""
        if failure.final:
            self._start_again(failure)
            return
        match failure.kind:
            case "memory":
                self._give_up(failure.reason)
            case "unsound":
                self._mend_picture(failure.reason, settings)
            case "other":
                self._fault(failure.reason)
                self._retry.note_failure(time.monotonic())
        if not self.ending:
            self._fit()
            self._tell_degraded()

    def _start_again(self, failure: Failure) -> None:
        """End, as the devices that make the stream together no longer can; for want of memory, with one rung less."""
        rung = self._ladder.step_down(time.monotonic()) if failure.kind == "memory" else ""
        self._fault(f"{failure.reason}; " + (f"out of memory: {rung} is given up, and " if rung else "") + AGAIN)
        self._connection.send(StartAgain(failure.reason, given_up=len(self._ladder.given_up)))
        self.ending = True

    def _give_up(self, reason: str) -> None:
        """One rung more."""
        rung = self._ladder.step_down(time.monotonic())
        if rung:
            self._fault(f"out of memory: {rung} is given up for {self._ladder.wait:.0f} s ({reason})")
            return
        self._fault(
            f"out of memory, although {', '.join(RUNGS)} are given up: close what else uses the device, or start with "
            f"a smaller --width and --height ({reason})"
        )
        self._retry.note_failure(time.monotonic())

    def _mend_picture(self, reason: str, settings: Settings) -> None:
        remedy = self._unsound.note_bad()
        if remedy == "reset":
            self._fault(f"{reason}; the stream begins anew")
            return
        wanted = advice(settings, self._start.model.weights.loras)
        if remedy == "restart":
            self._fault(f"{reason} once more; the engine starts again. If it goes on: {wanted}")
            self._connection.send(StartAgain(reason, for_picture=True))
            self.ending = True
            return
        self._no_picture = f"no picture: {wanted}"
        self._fault(f"{reason}, after a fresh start too; {wanted}")
        self._retry.note_failure(time.monotonic())

    def _fit(self) -> None:
        """A fresh stream of the size that the memory has room for; of the smallest that there is, at the worst."""
        while True:
            try:
                self._pipeline.resize(self._ladder.scale)
                self._pipeline.reset()
                return
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                reason = one_line(error)
            free_caches()
            if self._ladder.given_up == RUNGS:
                raise MemoryError(f"there is no room for a stream: {reason}")
            self._give_up(reason)

    def _tell_degraded(self) -> None:
        given_up = ", ".join(self._ladder.given_up)
        what = self._no_picture or (given_up and f"out of memory: without {given_up}")
        if what != self._degraded:
            self._degraded = what
            self._connection.send(Degraded(what))

    def _fault(self, reason: str, address: str | None = None) -> None:
        self._connection.send(Fault(address, reason))
