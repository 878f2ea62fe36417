"""The loop in this process, with rings and a pipeline but without a front: what it does when memory runs out."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from backend.controls.settings import Settings
from backend.engine import memory_ladder
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.engine_loop import EngineLoop
from backend.engine.heartbeat import Heartbeat
from backend.engine.messages import (
    ChunkRequest,
    Degraded,
    EngineStart,
    Fault,
    Next,
    Notice,
    RingNames,
    StartAgain,
    Stop,
)
from backend.engine.model import EngineModel
from backend.engine.options import ModelOptions
from backend.engine.ranks.errors import OutOfStep
from backend.engine.shared_connection import SharedConnection
from backend.engine.sized_pipeline import SizedPipeline
from backend.engine.work_threads import WorkThreads
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing
from tests.backend import fake_model
from tests.backend.fake_model import FakeStream
from vace_core.controls import Controls
from vace_core.stream import Chunk

HEIGHT, WIDTH, FPS = 32, 48, 120.0
SOURCE_FRAMES = 12


class Front:
    """The other end of the engine's pipe: asks for one chunk after the other until so many are made."""

    def __init__(self, settings: Settings, chunks: int) -> None:
        self._request = ChunkRequest(settings, reset=False, anchor=False, mask_ring=None, control_ring=None)
        self._left = chunks
        self.said: list[Any] = []

    def send(self, message: Any) -> None:
        self.said.append(message)
        if isinstance(message, Next) and message.report is not None:
            self._left -= 1

    def recv(self) -> ChunkRequest | Stop:
        return self._request if self._left else Stop()

    def poll(self, seconds: float) -> bool:
        time.sleep(seconds)
        return False

    def words(self) -> list[str]:
        """All that was told, without the reasons in brackets."""
        told = [message for message in self.said if isinstance(message, Fault | Notice | Degraded)]
        return [next(iter(vars(message).values())) or getattr(message, "reason", "") for message in told]


class Narrow(FakeStream):
    """Runs out of memory once, in its second chunk; notes which of its chunks were asked for in parts, and resets."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__(height, width)
        self.asked: list[tuple[int, bool]] = []
        self.resets = 0

    def paint(self, controls: Controls) -> Chunk:
        self.asked.append((self.chunks, controls.in_parts))
        if self.chunks == 1 and not self.resets:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().paint(controls)

    def reset(self) -> None:
        super().reset()
        self.resets += 1


@pytest.fixture
def rings() -> Iterator[RingNames]:
    with ExitStack() as opened:
        made = {}
        for name in ("source", "chunks", "control", "mask"):
            ring = FrameRing.create(f"vacetest{secrets.token_hex(4)}", 32, HEIGHT, WIDTH)
            opened.callback(ring.close)
            made[name] = ring
        noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        for number in range(SOURCE_FRAMES):
            made["source"].write(Frame(noise, number, time.monotonic()))
        yield RingNames(**{name: ring.name for name, ring in made.items()})


def run(rings: RingNames, stream: FakeStream, chunks: int) -> list[str]:
    """The loop until it has made so many chunks; what it told meanwhile."""
    return run_with(rings, lambda height, width: stream, chunks).words()


def run_with(
    rings: RingNames,
    open_stream: Callable[[int, int], FakeStream],
    chunks: int,
    given_up: int = 0,
    threads: WorkThreads = WorkThreads(),  # noqa: B008 - it decides nothing
) -> Front:
    """The loop until it has made so many chunks, or ends; its front, with all that it said."""
    model = EngineModel("cpu", open_stream, {})
    start = EngineStart("", ModelOptions(models=(Path(),)), HEIGHT, WIDTH, FPS, rings, given_up=given_up)
    front = Front(Settings(prompt="red", control="none"), chunks)
    pipeline = SizedPipeline(lambda height, width: ChunkPipeline(model, height, width), HEIGHT, WIDTH)
    with ExitStack() as attached:
        connection = cast(SharedConnection, front)
        EngineLoop(connection, start, pipeline, attached, Heartbeat(front.send), threads).run()
    return front


class Lost(FakeStream):
    """Several devices make it, of which one fails in the first chunk."""

    def __init__(self, reason: str) -> None:
        super().__init__(HEIGHT, WIDTH)
        self.reason = reason

    def paint(self, controls: Controls) -> Chunk:
        raise OutOfStep(self.reason)


@pytest.mark.parametrize(
    ("reason", "given_up", "told"),
    [
        ("cuda:1: CUDA out of memory", 1, "out of memory: decoding in one go is given up, and the engine starts again"),
        ("cuda:1: its process died (exit code -9)", 0, "(exit code -9); the engine starts again, with all its devices"),
    ],
)
def test_devices_that_are_out_of_step_end_the_engine_which_says_what_the_next_gives_up(
    rings: RingNames, reason: str, given_up: int, told: str
):
    front = run_with(rings, lambda height, width: Lost(reason), chunks=3)
    assert front.said[-1] == StartAgain(reason, given_up=given_up)
    assert any(told in words for words in front.words())


def test_an_engine_begins_with_what_the_one_before_had_given_up(rings: RingNames):
    opened: list[FakeStream] = []

    def open_stream(height: int, width: int) -> FakeStream:
        opened.append(Narrow(height, width))
        return opened[-1]

    run_with(rings, open_stream, chunks=1, given_up=4)
    assert [stream.size for stream in opened] == [(HEIGHT, WIDTH), (32, 32)]
    assert cast(Narrow, opened[-1]).asked == [(0, True)]


def test_memory_that_runs_out_has_chunks_made_in_parts_before_anything_is_missing(rings: RingNames):
    stream = Narrow(HEIGHT, WIDTH)
    told = run(rings, stream, 4)
    assert stream.asked == [(0, False), (1, False), (0, True), (1, True), (2, True)]
    assert stream.resets == 1, "what the step that failed has left behind is forgotten"
    assert [words.partition(" (")[0] for words in told] == [
        "out of memory: decoding in one go is given up for 60 s",
        "out of memory: without decoding in one go",
    ]


def test_the_stream_goes_on_when_chunks_are_made_whole_again(rings: RingNames, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory_ladder, "UP_SECONDS", 0.0)  # it is tried after the first chunk that went well
    stream = Narrow(HEIGHT, WIDTH)
    told = run(rings, stream, 4)
    assert stream.asked == [(0, False), (1, False), (0, True), (1, False), (2, False)]
    assert stream.resets == 1
    assert told[-2:] == ["memory has been enough for a while; decoding in one go is tried again", ""]


class Checked(WorkThreads):
    """Notes in which thread it is asked to look within a chunk, and how often in each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[int] = []
        self.looks: list[int] = []

    def begin(self, plays: float = 0.0) -> float:
        self.checks.append(0)
        return super().begin(plays)

    def check(self) -> None:
        self.checks[-1] += 1
        self.looks.append(threading.get_ident())


def test_the_work_threads_are_looked_at_after_each_stage_and_step_by_the_thread_that_computes(rings: RingNames):
    threads = Checked()
    run_with(rings, lambda height, width: FakeStream(height, width), 2, threads=threads)
    assert threads.checks == [7, 7], "annotated, encoded, one step, denoised, and three latent frames decoded"
    assert set(threads.looks) == {threading.get_ident()}


class Preparing(SizedPipeline):
    """Notes what is prepared and what is made."""

    def __init__(self, pipeline: ChunkPipeline) -> None:
        super().__init__(lambda height, width: pipeline, HEIGHT, WIDTH)
        self.prepared: list[list[np.ndarray]] = []
        self.made: list[list[np.ndarray]] = []

    def prepare(self, four: Sequence[np.ndarray], settings: Settings) -> None:
        self.prepared.append(list(four))
        super().prepare(four, settings)

    def make(self, source_frames: Sequence[np.ndarray], *rest: Any, **others: Any):
        self.made.append(list(source_frames))
        return super().make(source_frames, *rest, **others)


class Filming(Front):
    """A front whose source gives a frame each time that the engine looks for one."""

    def __init__(self, settings: Settings, chunks: int, source: str) -> None:
        super().__init__(settings, chunks)
        self._ring = FrameRing.attach(source)

    def poll(self, seconds: float) -> bool:
        number = self._ring.written
        self._ring.write(Frame(np.full((HEIGHT, WIDTH, 3), number % 250, np.uint8), number, time.monotonic()))
        return super().poll(seconds)

    def close(self) -> None:
        self._ring.close()


def filmed(rings: RingNames, chunks: int) -> tuple[Preparing, list[str]]:
    """The loop under a source of thirty frames a second, until it has made so many chunks; what it told meanwhile."""
    annotators = fake_model.load(ModelOptions()).annotators
    model = EngineModel("cpu", lambda height, width: FakeStream(height, width), annotators)
    start = EngineStart("", ModelOptions(models=(Path(),)), HEIGHT, WIDTH, 30.0, rings)
    front = Filming(Settings(prompt="red", control="depth"), chunks, rings.source)
    pipeline = Preparing(ChunkPipeline(model, HEIGHT, WIDTH))
    with ExitStack() as attached:
        attached.callback(front.close)
        connection = cast(SharedConnection, front)
        EngineLoop(connection, start, pipeline, attached, Heartbeat(front.send), WorkThreads()).run()
    return pipeline, front.words()


def test_frames_are_prepared_while_the_chunk_fills_and_are_the_ones_that_it_is_made_of(rings: RingNames):
    pipeline, _ = filmed(rings, 4)
    made = [id(frame) for frames in pipeline.made[1:] for frame in frames]
    prepared = [id(frame) for four in pipeline.prepared for frame in four]
    in_time = [frame for frame in prepared if frame in set(made)]
    assert len(in_time) >= 3 * 2 * 4, "two of three groups of four, of each chunk but the first"
    assert prepared[: len(in_time)] == in_time, "what is left belongs to the chunk that was no longer asked for"


def test_frames_that_cannot_be_prepared_end_nothing(rings: RingNames, monkeypatch: pytest.MonkeyPatch):
    failed: list[str] = []

    def fail(self: ChunkPipeline, four: Sequence[np.ndarray], settings: Settings) -> None:
        failed.append("no memory left")
        raise RuntimeError(failed[-1])

    monkeypatch.setattr(ChunkPipeline, "prepare", fail)
    pipeline, told = filmed(rings, 3)
    assert failed
    assert (len(pipeline.made), told) == (3, [])
