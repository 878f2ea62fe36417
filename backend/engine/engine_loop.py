"""The engine's loop: takes frames from one ring, restyles them chunk by chunk, puts them into another."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from ..controls.settings import Settings
from .heartbeat import Heartbeat
from .memory_ladder import RUNGS, SCALES, MemoryLadder, free_caches, is_out_of_memory
from .messages import ChunkReport, ChunkRequest, Degraded, EngineStart, Fault, Next, Notice, StartAgain, Stop
from .one_line import one_line
from .ranks.errors import OutOfStep
from .retry import Retry
from .shared_connection import SharedConnection
from .side_frames import SideFrames, mask_frames_of, write_synced
from .sized_pipeline import SizedPipeline
from .timeline import FrameHistory, Span, next_span
from .unsound import NotANumber, OneColour, UnsoundChunks, advice
from .work_threads import WorkThreads

if TYPE_CHECKING:
    from .chunk_pipeline import ChunkResult

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.05
"""How often an engine without a frame to work on looks again, and asks for the settings."""
TURN_SECONDS = 1.0
"""How often one that is ahead of its time does."""
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


class EngineLoop:
    """Chunk after chunk: wait for enough time to have passed, take the settings, restyle, hand out, settle."""

    def __init__(
        self,
        connection: SharedConnection,
        start: EngineStart,
        pipeline: SizedPipeline,
        rings: ExitStack,
        heartbeat: Heartbeat,
        threads: WorkThreads,
    ) -> None:
        """Raises BridgeError where one of the front's rings is gone."""
        self._connection, self._start, self._pipeline = connection, start, pipeline
        self._heartbeat, self._threads = heartbeat, threads
        self._input = FrameHistory(rings.enter_context(FrameRing.attach(start.rings.source)).since)
        self._mask_frames, self._control_frames = SideFrames(), SideFrames()
        self._chunks = rings.enter_context(FrameRing.attach(start.rings.chunks))
        self._control = rings.enter_context(FrameRing.attach(start.rings.control))
        self._mask = rings.enter_context(FrameRing.attach(start.rings.mask))
        for side in (self._mask_frames, self._control_frames):
            rings.callback(side.update, None)
        self._span: Span | None = None
        self._handed_out: float | None = None
        latest = self._chunks.latest()
        self._number = 0 if latest is None else latest.number + 1
        self._index = 0
        self._ladder, self._retry = MemoryLadder(start.given_up, time.monotonic()), Retry()
        self._unsound = UnsoundChunks(start.restarted_for_picture)
        self._faded = False
        self._no_picture = ""  # what is said of that as long as there is none
        self._degraded = ""
        self._ending = False
        if start.given_up:
            self._fit()

    def run(self) -> None:
        """Until the front says so, or nothing but a fresh start helps."""
        report: ChunkReport | None = None
        while not self._ending:
            held = self._retry.held(time.monotonic())
            self._heartbeat.enter("held" if held else "waiting")
            span = None if held else self._await_span()
            if span is None:
                self._connection.poll(IDLE_SECONDS)
            self._connection.send(Next(report, span, held))
            request = self._connection.recv()
            if isinstance(request, Stop):
                return
            assert isinstance(request, ChunkRequest)
            report = None
            if span is not None:
                report = self._chunk(span, request)
            elif held:
                self._retry.note_settings(request.settings)

    def _await_span(self) -> Span | None:
        """The next chunk's span, once it lies in the past; None while there is no input, it is early, or when there is
        mail."""
        self._input.pull()
        if self._input.oldest is None:
            return None
        now = time.monotonic()
        span = next_span(self._span, now, self._pipeline.frames_wanted, self._start.fps, self._input.oldest)
        wait = min(span.end - now, TURN_SECONDS)
        if wait > 0 and (self._connection.poll(wait) or wait < span.end - now):
            return None
        return span

    def _chunk(self, span: Span, request: ChunkRequest) -> ChunkReport | None:
        """Make one chunk and hand it out; None if it could not be made, which ends nothing but this chunk."""
        self._span = span
        self._heartbeat.enter("chunk")
        try:
            report = self._make(span, request)
        except Exception as error:  # the chunk's border: whatever is wrong in here, the show goes on
            log.debug("chunk %d failed", self._index, exc_info=True)  # the front tells, once
            failure = Failure.of(error)
        else:
            self._note_success()
            return report
        self._recover(failure, request.settings)
        return None

    def _make(self, span: Span, request: ChunkRequest) -> ChunkReport:
        if request.reset:
            self._pipeline.reset()
        began = self._threads.begin()
        moments = span.moments(self._pipeline.frames_wanted)
        self._input.pull()
        source_frames = self._input.pick(moments)
        mask_frames = mask_frames_of(self._mask_frames.update(request.mask_ring), span, moments)
        control_frames = [
            frame.pixels for frame in self._control_frames.update(request.control_ring).pick(moments)
        ] or None
        tag = (moments, [frame.number for frame in source_frames])
        chunk = self._pipeline.make(
            [frame.pixels for frame in source_frames],
            mask_frames,
            self._affordable(request.settings),
            span.end - span.start,
            tag,
            control_frames=control_frames,
            anchor=request.anchor,
            previews="previews" not in self._ladder.given_up,
            in_parts="decoding in one go" in self._ladder.given_up,
        )
        self._require_picture(chunk)
        generated = time.monotonic()
        for ring, frames in ((self._control, chunk.control), (self._mask, chunk.mask)):
            write_synced(ring, frames, *tag)
        self._hand_out(chunk)
        handed_out = time.monotonic()
        self._input.forget(span.end)
        for side in (self._mask_frames, self._control_frames):
            side.forget(span.end)
        self._heartbeat.enter("settle", since=began)
        self._pipeline.settle()
        report = ChunkReport(
            index=self._index,
            frames=len(chunk.frames),
            mode=chunk.mode,
            generate=generated - began,
            settle=time.monotonic() - handed_out,
            period=0.0 if self._handed_out is None else handed_out - self._handed_out,
        )
        self._handed_out = handed_out
        self._index += 1
        return report

    def _affordable(self, settings: Settings) -> Settings:
        return replace(settings, reference=()) if "references" in self._ladder.given_up else settings

    def _require_picture(self, chunk: ChunkResult) -> None:
        """Raises OneColour for the first chunk of a row that are of one colour; the others are what the model makes."""
        before, self._faded = self._faded, chunk.faded
        if chunk.faded and not before:
            raise OneColour("the picture was of one colour all over, although the input is not; the stream begins anew")

    def _hand_out(self, chunk: ChunkResult) -> None:
        """The frames that are finished, each with the moment of the input and the source's frame that it shows."""
        tag = chunk.tag or ([], [])
        for pixels, moment, source_number in zip(chunk.frames, *tag, strict=True):
            self._chunks.write(Frame(pixels, self._number, moment, source_number))
            self._number += 1
        for refused in chunk.refused:
            self._connection.send(refused)
        undone = {refused.address for refused in chunk.refused}
        for address, reason in chunk.faults:
            self._fault(f"{reason}; {address} stays as it was" if address in undone else reason, address)

    def _note_success(self) -> None:
        """All that a good chunk is good for."""
        self._retry.note_success()
        self._unsound.note_good()
        self._no_picture = ""
        if said := self._threads.end():
            self._connection.send(Notice(said))
        if rung := self._ladder.step_up(time.monotonic()):
            self._connection.send(Notice(f"memory has been enough for a while; {rung} is tried again"))
            if rung in SCALES:  # the others act from the next chunk on, and the stream need not begin anew for them
                self._fit()
        self._tell_degraded()

    def _recover(self, failure: Failure, settings: Settings) -> None:
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
        if not self._ending:
            self._fit()
            self._tell_degraded()

    def _start_again(self, failure: Failure) -> None:
        """End, as the devices that make the stream together no longer can; for want of memory, with one rung less."""
        rung = self._ladder.step_down(time.monotonic()) if failure.kind == "memory" else ""
        self._fault(f"{failure.reason}; " + (f"out of memory: {rung} is given up, and " if rung else "") + AGAIN)
        self._connection.send(StartAgain(failure.reason, given_up=len(self._ladder.given_up)))
        self._ending = True

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
            self._ending = True
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
