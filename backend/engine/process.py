"""The engine process: takes frames from one ring, restyles them chunk by chunk, puts them into another.

The front process imports this file to start the engine, so whatever needs torch is imported within functions that
only the engine process calls.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import parent_process
from typing import TYPE_CHECKING

import numpy as np

from bridge.errors import BridgeError
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from ..runtime import priority
from ..runtime.logs import start_engine_logging
from .messages import ChunkReport, ChunkRequest, EngineStart, Failed, Fault, Next, Ready, Stop
from .timeline import FrameHistory, Span, next_span

if TYPE_CHECKING:
    from .chunk_pipeline import ChunkPipeline, ChunkResult
    from .model import EngineModel
    from .options import ModelOptions

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.05
"""How often an engine without a frame to work on looks again, and shows that it is alive."""
LOST_SECONDS = 1.0
"""A mask source without a new frame for so long before a chunk counts as gone."""


def main(connection: Connection, start: EngineStart) -> None:
    """Run until told to stop, or until the front process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the front tells us to stop
    start_engine_logging(start.log, start.verbose)
    priority.lower_this_process()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    began = time.monotonic()
    try:
        model = load_model(start.load, start.model)
        pipeline = open_pipeline(model, start.height, start.width)
    except (ValueError, OSError, RuntimeError) as error:
        connection.send(Failed(one_line(error)))
        return
    connection.send(Ready(model.device, time.monotonic() - began))
    with ExitStack() as rings, suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the front is gone
        EngineLoop(connection, start, pipeline, rings).run()


class EngineLoop:
    """Chunk after chunk: wait for enough time to have passed, take the settings, restyle, hand out, settle."""

    def __init__(self, connection: Connection, start: EngineStart, pipeline: ChunkPipeline, rings: ExitStack) -> None:
        self._connection = connection
        self._fps = start.fps
        self._pipeline = pipeline
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

    def run(self) -> None:
        report: ChunkReport | None = None
        while True:
            span = self._await_span()
            if span is None:
                self._connection.poll(IDLE_SECONDS)
            self._connection.send(Next(report, span))
            request = self._connection.recv()
            if isinstance(request, Stop):
                return
            report = None if span is None else self._chunk(span, request)

    def _await_span(self) -> Span | None:
        """The next chunk's span, once it lies in the past; None while there is no input, or when there is mail."""
        self._input.pull()
        if self._input.oldest is None:
            return None
        now = time.monotonic()
        span = next_span(self._span, now, self._pipeline.frames_wanted, self._fps, self._input.oldest)
        if span.end > now and self._connection.poll(span.end - now):
            return None
        return span

    def _chunk(self, span: Span, request: ChunkRequest) -> ChunkReport | None:
        """Make one chunk and hand it out; None if it could not be made, which ends nothing but this chunk."""
        self._span = span
        try:
            return self._make(span, request)
        except Exception as error:  # the chunk's border: whatever is wrong in here, the show goes on
            log.debug("chunk %d failed", self._index, exc_info=True)  # the front tells, once
            self._connection.send(Fault(None, one_line(error)))
            self._pipeline.reset()
            return None

    def _make(self, span: Span, request: ChunkRequest) -> ChunkReport:
        if request.reset:
            self._pipeline.reset()
        began = time.monotonic()
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
            request.settings,
            span.end - span.start,
            tag,
            control_frames=control_frames,
            anchor=request.anchor,
        )
        generated = time.monotonic()
        for ring, frames in ((self._control, chunk.control), (self._mask, chunk.mask)):
            write_synced(ring, frames, *tag)
        self._hand_out(chunk)
        handed_out = time.monotonic()
        self._input.forget(span.end)
        for side in (self._mask_frames, self._control_frames):
            side.forget(span.end)
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

    def _hand_out(self, chunk: ChunkResult) -> None:
        """The frames that are finished, each with the moment of the input and the source's frame that it shows."""
        tag = chunk.tag or ([], [])
        for pixels, moment, source_number in zip(chunk.frames, *tag, strict=True):
            self._chunks.write(Frame(pixels, self._number, moment, source_number))
            self._number += 1
        for address, reason in chunk.faults:
            self._connection.send(Fault(address, reason))


def write_synced(
    ring: FrameRing, frames: np.ndarray | None, moments: Sequence[float], source_numbers: Sequence[int]
) -> None:
    """Write a control video or masks `[F, H, W, 3]`, each with the number of the source's frame that it is of.

    Only the last frames are written if the ring holds fewer; nothing for None.
    """
    if frames is None:
        return
    rows = list(zip(frames, moments, source_numbers, strict=True))[-ring.slots :]
    for pixels, moment, source_number in rows:
        ring.write(Frame(pixels, ring.written, moment, source_number))


class SideFrames:
    """Frames that come in beside the input, in a ring of the front's that changes with their source."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._ring: FrameRing | None = None
        self._history = FrameHistory(lambda _: [])

    def update(self, name: str | None) -> FrameHistory:
        """What has come up to now; another source has another ring, so no old frame can be taken for new."""
        if name != self._name:
            if self._ring is not None:
                self._ring.close()
            self._name, self._ring = name, None if name is None else _attached(name)
            self._history = FrameHistory(lambda _: []) if self._ring is None else FrameHistory(self._ring.since)
        self._history.pull()
        return self._history

    def forget(self, before: float) -> None:
        """Drop the frames that no later moment can show."""
        self._history.forget(before)


def mask_frames_of(history: FrameHistory, span: Span, moments: Sequence[float]) -> list[np.ndarray] | None:
    """The mask source's frame of each moment; None if it has none yet, or is gone."""
    if history.newest < span.start - LOST_SECONDS:
        return None
    return [frame.pixels for frame in history.pick(moments)]


def one_line(error: BaseException) -> str:
    """What went wrong, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _attached(name: str) -> FrameRing | None:
    """A ring of the front's; None if the front has just given it up again."""
    try:
        return FrameRing.attach(name)
    except BridgeError:
        return None


def load_model(load: str, options: ModelOptions) -> EngineModel:
    """Call the function that `load` names ("module:function") with the options."""
    module, _, function = load.partition(":")
    return getattr(importlib.import_module(module), function)(options)


def open_pipeline(model: EngineModel, height: int, width: int) -> ChunkPipeline:
    """A stream of that size with everything around it, for which a new prompt is encoded beside the show."""
    from .chunk_pipeline import ChunkPipeline
    from .prompt_prefetch import PromptPrefetcher

    return ChunkPipeline(model, height, width, None if model.encode is None else PromptPrefetcher(model.encode))


def _end_with_parent() -> None:
    """An engine whose front was killed must not stay behind, even in the middle of a long step."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
