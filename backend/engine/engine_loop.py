"""The engine's loop: takes frames from one ring, restyles them chunk by chunk, puts them into another."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from ..controls.settings import Settings
from .chunk_inputs import ChunkInputs
from .coming_chunk import ComingChunk
from .heartbeat import Heartbeat
from .messages import ChunkReport, ChunkRequest, EngineStart, Fault, Next, Notice, Stop
from .recovery import Failure, Recovery
from .shared_connection import SharedConnection
from .side_frames import write_synced
from .sized_pipeline import SizedPipeline
from .timeline import Span, next_span
from .unsound import OneColour
from .work_threads import WorkThreads

if TYPE_CHECKING:
    from .chunk_result import ChunkResult

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.05
"""How often an engine without a frame to work on looks again, and asks for the settings."""
TURN_SECONDS = 1.0
"""How often one that is ahead of its time does."""
LOOK_SECONDS = 0.01
"""How often it looks for frames of its next chunk that can be prepared."""


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
        self._input = ChunkInputs(start.rings.source, rings)
        self._chunks = rings.enter_context(FrameRing.attach(start.rings.chunks))
        self._control = rings.enter_context(FrameRing.attach(start.rings.control))
        self._mask = rings.enter_context(FrameRing.attach(start.rings.mask))
        self._span: Span | None = None
        self._coming: ComingChunk | None = None
        self._settings: Settings | None = None  # of the last chunk
        self._first_out: float | None = None  # when the last chunk's first frames were handed out
        latest = self._chunks.latest()
        self._number = 0 if latest is None else latest.number + 1
        self._index = 0
        self._faded = False
        self._recovery = Recovery(connection, start, pipeline)

    def run(self) -> None:
        """Until the front says so, or nothing but a fresh start helps."""
        report: ChunkReport | None = None
        while not self._recovery.ending:
            held = self._recovery.held(time.monotonic())
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
                self._recovery.note_settings(request.settings)

    def _await_span(self) -> Span | None:
        """The next chunk's span, once it lies in the past; None while there is no input, it is early, or when there is
        mail."""
        self._input.pull()
        if self._input.oldest is None:
            return None
        coming, turn = self._plan(time.monotonic(), self._input.oldest), time.monotonic() + TURN_SECONDS
        while (now := time.monotonic()) < coming.span.end:
            if now >= turn or self._connection.poll(min(coming.span.end - now, LOOK_SECONDS)):
                return None
            self._input.pull()
            self._prepare(coming)
        return coming.span

    def _plan(self, now: float, oldest: float) -> ComingChunk:
        """The chunk that is waited for: the same as before, as long as the stream wants as many frames."""
        count = self._pipeline.frames_wanted
        if self._coming is None or self._coming.count != count:
            self._coming = ComingChunk(next_span(self._span, now, count, self._start.fps, oldest), count)
        return self._coming

    def _prepare(self, coming: ComingChunk) -> None:
        """Do what can be done for frames that have come, by the settings of the chunk before."""
        four = coming.next_four(self._input.newest)
        if not four or self._settings is None:
            return
        try:
            self._pipeline.prepare([frame.pixels for frame in self._input.source_frames(four)], self._settings)
        except Exception:  # the chunk will meet it again, and tell
            log.debug("frames could not be prepared", exc_info=True)

    def _chunk(self, span: Span, request: ChunkRequest) -> ChunkReport | None:
        """Make one chunk and hand it out; None if it could not be made, which ends nothing but this chunk."""
        self._span, self._coming = span, None
        self._settings = settings = self._affordable(request.settings)
        self._heartbeat.enter("chunk")
        try:
            report = self._make(span, request, settings)
        except Exception as error:  # the chunk's border: whatever is wrong in here, the show goes on
            log.debug("chunk %d failed", self._index, exc_info=True)  # the front tells, once
            failure = Failure.of(error)
        else:
            self._recovery.note_success()
            if said := self._threads.end():
                self._connection.send(Notice(said))
            return report
        self._recovery.recover(failure, request.settings)
        return None

    def _make(self, span: Span, request: ChunkRequest, settings: Settings) -> ChunkReport:
        if request.reset:
            self._pipeline.reset()
        began = self._threads.begin(span.end - span.start)
        before, self._first_out = self._first_out, None
        frames = self._input.collect(span, self._pipeline.frames_wanted, request)
        chunk = self._pipeline.make(
            frames.pixels,
            frames.mask,
            settings,
            span.end - span.start,
            frames.tag,
            control_frames=frames.control,
            anchor=request.anchor,
            in_parts="decoding in one go" in self._recovery.given_up,
            hand_out=None if self._recovery.suspects_pictures else self._hand_out,
            look=self._threads.check,
        )
        self._require_picture(chunk)
        self._hand_out(chunk.frames, chunk.handed_out, chunk.tag or ([], []))
        self._tell(chunk)
        if "previews" not in self._recovery.given_up:
            write_synced(self._control, chunk.control, *frames.tag)
            write_synced(self._mask, chunk.mask, *frames.tag)
        self._input.forget(span.end)
        self._heartbeat.enter("settle", since=began)
        self._pipeline.settle()
        first_out = time.monotonic() if self._first_out is None else self._first_out
        report = ChunkReport(
            index=self._index,
            frames=chunk.handed_out + len(chunk.frames),
            mode=chunk.mode,
            fill=began - frames.moments[0],
            generate=first_out - began,
            settle=time.monotonic() - first_out,
            period=0.0 if before is None else first_out - before,
            stages=chunk.seconds,
            runs_on=self._pipeline.runs_on,
        )
        self._first_out = first_out
        self._index += 1
        return report

    def _affordable(self, settings: Settings) -> Settings:
        return replace(settings, reference=()) if "references" in self._recovery.given_up else settings

    def _require_picture(self, chunk: ChunkResult) -> None:
        """Raises OneColour for the first chunk of a row that are of one colour; the others are what the model makes."""
        before, self._faded = self._faded, chunk.faded
        if chunk.faded and not before:
            raise OneColour("the picture was of one colour all over, although the input is not; the stream begins anew")

    def _hand_out(self, frames: np.ndarray, first: int, tag: tuple[list[float], list[int]]) -> None:
        """Finished frames, from the chunk's `first` on, each with the moment and the source's frame that it shows."""
        part = slice(first, first + len(frames))
        for pixels, moment, source_number in zip(frames, *(each[part] for each in tag), strict=True):
            self._chunks.write(Frame(pixels, self._number, moment, source_number))
            self._number += 1
            if self._first_out is None:
                self._first_out = time.monotonic()

    def _tell(self, chunk: ChunkResult) -> None:
        """What of the settings could not be followed."""
        for refused in chunk.refused:
            self._connection.send(refused)
        undone = {refused.address for refused in chunk.refused}
        for address, reason in chunk.faults:
            said = f"{reason}; {address} stays as it was" if address in undone else reason
            self._connection.send(Fault(address, said))
