"""What is done for a chunk before all of its frames have come: the same as afterwards, only earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from backend.controls.settings import Settings
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.coming_chunk import ComingChunk
from backend.engine.options import ModelOptions
from backend.engine.timeline import Span, pick
from bridge.video.frames import Frame
from tests.backend import fake_model
from tests.backend.marker import settings
from vace_core.annotators.annotator import ANNOTATORS, Annotator
from vace_core.controls import Controls
from vace_core.stream import Chunk

HEIGHT, WIDTH, CHUNKS = 64, 96, 4


class Watching(fake_model.FakeStream):
    """Keeps the control videos that it is given."""

    seen: list[Tensor]

    def paint(self, controls: Controls) -> Chunk:
        assert controls.control is not None
        self.seen.append(controls.control)
        return super().paint(controls)


class Counted:
    """An annotator that counts how often it is called."""

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self.calls = 0
        self.reset = annotator.reset

    def __call__(self, frames: Tensor) -> Tensor:
        self.calls += 1
        return self._annotator(frames)


class Show:
    """A chunk pipeline with one annotator."""

    def __init__(self, kind: str) -> None:
        self.seen: list[Tensor] = []
        self.annotator = Counted(ANNOTATORS[kind]())
        self.other = Counted(ANNOTATORS["gray"]())
        model = replace(
            fake_model.load(ModelOptions(models=(Path(),))),
            open_stream=self._open,
            annotators={kind: self.annotator, "other": self.other},
        )
        self.pipeline = ChunkPipeline(model, HEIGHT, WIDTH)

    def _open(self, height: int, width: int) -> Watching:
        stream = Watching(height, width)
        stream.seen = self.seen
        return stream

    def chunk(self, number: int, prepared: int, before: Settings, wanted: Settings) -> None:
        """Make one, of which so many groups of four are prepared by the settings of the chunk before."""
        frames = moving(number, self.pipeline.frames_wanted)
        for four in range(prepared):
            self.pipeline.prepare(frames[4 * four : 4 * four + 4], before)
        self.pipeline.make(frames, None, wanted)


def moving(number: int, count: int) -> list[np.ndarray]:
    """Noise with a square that moves."""
    frames = list(np.random.default_rng(number).integers(0, 60, (count, HEIGHT, WIDTH, 4), np.uint8))
    for n, frame in enumerate(frames):
        at = 4 * number + 2 * n
        frame[20:40, at : at + 20] = 200
    return frames


def shown(kind: str, prepared: int) -> list[Tensor]:
    """The control videos of a show whose chunks were prepared so far."""
    show, wanted = Show(kind), settings(control=kind)
    for number in range(CHUNKS):
        show.chunk(number, prepared, wanted, wanted)
    return show.seen


@pytest.mark.parametrize("kind", ["depth", "scribble", "flow", "gray"])
@pytest.mark.parametrize("prepared", [1, 2, 3])
def test_a_control_video_is_the_same_however_much_of_it_was_made_ahead(kind: str, prepared: int):
    for one, other in zip(shown(kind, prepared), shown(kind, 0), strict=True):
        assert torch.equal(one, other)


def test_what_was_made_ahead_is_not_made_again_nor_taken_to_the_device_again():
    show, wanted = Show("depth"), settings(control="depth")
    for number in range(CHUNKS):
        show.chunk(number, 2, wanted, wanted)
    assert show.annotator.calls == 1 + 3 * (CHUNKS - 1)
    assert show.pipeline.uploads == 9 + 12 * (CHUNKS - 1)


def test_a_control_that_is_turned_to_at_the_last_moment_is_made_of_all_frames():
    early, late = Show("depth"), Show("depth")
    depth, other = settings(control="depth"), settings(control="other")
    for show, prepared in ((early, 2), (late, 0)):
        for number, (before, wanted) in enumerate([(depth, depth), (depth, other), (other, depth)]):
            show.chunk(number, prepared, before, wanted)
    for one, other_video in zip(early.seen, late.seen, strict=True):
        assert torch.equal(one, other_video)


def test_nothing_that_was_made_ahead_outlives_a_reset():
    show, fresh, wanted = Show("depth"), Show("depth"), settings(control="depth")
    show.chunk(0, 0, wanted, wanted)
    show.pipeline.prepare(moving(1, 12)[:4], wanted)
    show.pipeline.reset()
    for each in (show, fresh):
        each.chunk(2, 0, wanted, wanted)
    assert torch.equal(show.seen[-1], fresh.seen[-1])


def times(frames: Sequence[Frame]) -> list[float]:
    return [frame.time for frame in frames]


def test_frames_are_taken_only_when_no_later_one_can_be_theirs():
    coming = ComingChunk(Span(0.0, 1.2), 12)
    frames = [Frame(np.zeros((2, 2, 3), np.uint8), n, 0.13 * n) for n in range(12)]
    early: list[float] = []
    for count in range(1, len(frames) + 1):
        if four := coming.next_four(frames[count - 1].time):
            early += times(pick(frames[:count], four))
    assert len(early) == 12
    assert early == times(pick(frames, Span(0.0, 1.2).moments(12)))


def test_a_source_that_has_stopped_is_waited_for_to_the_end():
    coming = ComingChunk(Span(0.0, 1.2), 12)
    assert coming.next_four(0.39) == [], "a frame of the fourth moment may still come"
    assert len(coming.next_four(0.41)) == 4
    assert coming.next_four(0.41) == []
