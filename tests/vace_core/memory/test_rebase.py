"""Positions that do not end: a stream passes the end of what was trained without a seam. See also `test_switches`."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import vace_core.memory.window
from tests.vace_core.plain_stream import PlainStream
from tests.vace_core.small import ARCHITECTURE, LATENT, model, step
from vace_core.checkpoints.options import LoadOptions
from vace_core.config import PIPELINES, Pipeline
from vace_core.controls import Controls
from vace_core.load import load
from vace_core.memory import WindowMemory
from vace_core.memory.rebase import move_all
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 48
ENDS = {"longlive": 24, "memflow": 24, "streamdiffusion-v2": 12}
"""Of the trained positions: early, so that a test comes to it."""
STREAMS = {name: replace(PIPELINES[name], trained_positions=end, steps=(1000, 500)) for name, end in ENDS.items()}
STREAMS["stream batch"] = replace(STREAMS["streamdiffusion-v2"], stream_batch=True)


def controls(frames: int, n: int) -> Controls:
    control = torch.rand((1, 3, frames, HEIGHT, WIDTH), generator=torch.Generator().manual_seed(n)) * 2 - 1
    return Controls("gold", control=control, seed=3)


def show(rule: Pipeline, chunks: int) -> tuple[Stream, list[Tensor]]:
    """A stream, and the latents that came out of so many steps."""
    stream = Stream(model(rule), HEIGHT, WIDTH)
    made = [stream.step(controls(stream.frames_wanted, n)) for n in range(chunks)]
    return stream, [chunk.latents for chunk in made if chunk is not None and chunk.latents is not None]


def border(rule: Pipeline) -> int:
    """The first chunk that the trained positions do not reach."""
    return -(-(rule.trained_positions - (rule.first_chunk or rule.chunk) + 1) // rule.chunk)


@pytest.mark.parametrize("name", STREAMS)
def test_no_frame_ever_stands_behind_the_end_of_what_was_trained(name: str) -> None:
    rule = STREAMS[name]
    stream = Stream(model(rule), HEIGHT, WIDTH)
    bases, furthest = set(), 0
    for n in range(5 * rule.trained_positions // rule.chunk):
        stream.step(controls(stream.frames_wanted, n))
        memory = stream.state.memory
        bases.add(memory.base)
        furthest = max(furthest, *memory.positions)
        if memory.bank is not None:
            assert memory.bank.positions.max() < rule.trained_positions
            assert memory.bank.pending_position < rule.trained_positions
        assert min(memory.positions) >= 0 or -1 in memory.frames
    assert len(bases) > 3
    assert furthest == rule.trained_positions - 1


@pytest.mark.parametrize("name", ["longlive", "streamdiffusion-v2"])
def test_the_chunk_at_the_border_is_that_of_positions_from_the_window(name: str) -> None:
    """Of a memory that is the same but for where its frames stand; before it nothing differs from absolute ones."""
    rule = STREAMS[name]
    first = border(rule)
    weights = model(rule)
    stream, plain = Stream(weights, HEIGHT, WIDTH), PlainStream(weights, HEIGHT, WIDTH)
    endless = Stream(model(replace(rule, trained_positions=10**9)), HEIGHT, WIDTH)
    for n in range(first):
        given = controls(stream.frames_wanted, n)
        plain.step(given)
        assert torch.equal(step(stream, given).frames, step(endless, given).frames)
    assert stream.state.memory.base == 0
    given = controls(stream.frames_wanted, first)
    ours, unswitched = step(stream, given).latents, step(endless, given).latents
    assert stream.state.memory.base > 0
    plain.memories[0].pipeline = replace(weights.pipeline, positions="window")
    by_window = plain.step(given)
    assert ours is not None
    assert unswitched is not None
    torch.testing.assert_close(ours, by_window, atol=2e-5, rtol=1e-4)
    assert (ours - unswitched).abs().max() <= (by_window - unswitched).abs().max() + 2e-5


@pytest.mark.parametrize("chunk", [1, 3])
def test_without_a_sink_nothing_changes_at_all(chunk: int) -> None:
    """Attention depends on distances only, and those within the window stay."""
    rule = Pipeline("pocket", PIPELINES["pocket"].architecture, chunk=chunk, window=6, sink=0, trained_positions=12)
    stream, made = show(rule, 30 // chunk)
    _, endless = show(replace(rule, trained_positions=10**9), 30 // chunk)
    _, window = show(replace(rule, positions="window"), 30 // chunk)
    assert stream.state.memory.base > 12
    torch.testing.assert_close(torch.cat(made, dim=2), torch.cat(endless, dim=2), atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(torch.cat(made, dim=2), torch.cat(window, dim=2), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize(("chunks", "end"), [(9, 12), pytest.param(360, 512, marks=pytest.mark.slow)])
def test_the_bundled_model_shows_no_seam_at_two_borders(chunks: int, end: int) -> None:
    """It was trained with positions from the window; absolute ones that come to their end twice give its pictures."""
    row = PIPELINES["pocket"]
    weights = load(row, options=LoadOptions(precision="float32"))
    absolute = replace(weights, pipeline=replace(row, positions="absolute", trained_positions=end))
    by_window, by_borders = Stream(weights, HEIGHT, WIDTH), Stream(absolute, HEIGHT, WIDTH)
    bases = set()
    for n in range(chunks):
        given = controls(by_window.frames_wanted, n)
        torch.testing.assert_close(step(by_borders, given).frames, step(by_window, given).frames, atol=1e-4, rtol=0)
        bases.add(by_borders.state.memory.base)
    assert len(bases) == 3


@pytest.mark.parametrize("name", STREAMS)
def test_keys_move_at_a_border_and_in_no_other_chunk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moves: list[int] = []
    real = vace_core.memory.window.move_all
    monkeypatch.setattr(vace_core.memory.window, "move_all", lambda *arguments: (moves.append(1), real(*arguments))[1])
    rule = STREAMS[name]
    stream = Stream(model(rule), HEIGHT, WIDTH)
    bases = [0]
    for n in range(3 * rule.trained_positions // rule.chunk):
        stream.step(controls(stream.frames_wanted, n))
        bases.append(stream.state.memory.base)
    rows = len(rule.video_steps) if rule.stream_batch else 1
    borders = sum(a != b for a, b in zip(bases, bases[1:], strict=False))
    assert borders >= 2
    assert borders <= len(moves) <= rows * borders


def test_a_key_in_bfloat16_bears_many_turns() -> None:
    """Each rounds once more; a frame in the bank meets one at every border."""
    memory = WindowMemory(ARCHITECTURE, *LATENT, STREAMS["longlive"])
    exact, rounded = (memory.init_state(1, "cpu", dtype).layers for dtype in (torch.float32, torch.bfloat16))
    for one, other in zip(exact, rounded, strict=True):
        other.rotated.copy_(torch.randn(other.rotated.shape, generator=torch.Generator().manual_seed(0)))
        one.rotated.copy_(other.rotated)
    for _ in range(30):
        move_all(exact, slice(0, None), -1012)
        move_all(rounded, slice(0, None), -1012)
    for one, other in zip(exact, rounded, strict=True):
        assert (one.rotated - other.rotated).norm() < 0.01 * one.rotated.norm()
