"""Each base pipeline as a stream of many chunks in which everything changes: it goes on, it repeats, it forks."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.vace_core.small import ARCHITECTURE, lora, model, step
from vace_core.config import PIPELINES, WAN_14B, Bank, Pipeline
from vace_core.controls import Controls
from vace_core.lora.live import LiveLoras
from vace_core.model import Model
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 48
BASE = sorted(set(PIPELINES) - {"pocket"})
PROMPTS = ("gold", "ice", (("gold", 0.25), ("lava", 0.75)))


def small(name: str) -> Model:
    """A pipeline over a small random model with one live LoRA."""
    made = model(PIPELINES[name])
    return replace(made, loras=LiveLoras(made.transformer, [lora()]))


def video(frames: int, seed: int, channels: int = 3) -> Tensor:
    shape = (1, channels, frames, HEIGHT, WIDTH)
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def controls(n: int, frames: int, half: int) -> Controls:
    """Another of everything, each at a rhythm of its own; at the end of each half the same, so that sizes compare."""
    if n % half >= half - 3:
        return Controls("gold", control=video(frames, n), video=video(frames, n + 500), noise=0.6, loras=(0.5,))
    base = Controls(
        PROMPTS[n // 7 % 3],
        scale=(0.0, 0.5, 1.0, 2.0)[n // 2 % 4],
        seed=n // 50,
        loras=((0.0, 0.7, -0.5)[n // 5 % 3],),
    )
    if n % 3 == 0:
        base = replace(base, video=video(frames, n), noise=(0.6, 0.8, 0.35)[n // 3 % 3])
    match n // 4 % 3:
        case 0:
            return replace(base, control=video(frames, n + 1000))
        case 1:
            return replace(base, source=video(frames, n + 2000), mask=(video(frames, n, channels=1) > 0).float())
    return base


def show(stream: Stream, start: int, end: int, half: int) -> list[Tensor]:
    """The last frame of each chunk."""
    made = []
    for n in range(start, end):
        chunk = step(stream, controls(n, stream.frames_wanted, half))
        assert chunk.index == n
        made.append(chunk.frames[0, :, -1].clone())
    return made


def tensor_bytes() -> int:
    gc.collect()
    return sum(t.nbytes for t in gc.get_objects() if type(t) is torch.Tensor and not t.is_sparse)


@pytest.mark.parametrize("half", [24, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", BASE)
def test_many_chunks_go_on_repeat_and_fork(name: str, half: int) -> None:
    chunks = 2 * half
    stream = Stream(small(name), HEIGHT, WIDTH)
    frames = show(stream, 0, half, half)
    stream.settle()
    before = tensor_bytes()
    forked = show(stream.fork(), half, chunks, half)
    frames += show(stream, half, chunks, half)
    stream.settle()
    kept = sum(frame.nbytes for frame in (*frames[half:], *forked))
    assert tensor_bytes() - before - kept < 4096
    assert all(frame.isfinite().all() for frame in frames)
    assert stream.state.latent_frames == sum(map(stream.model.pipeline.chunk_frames, range(chunks)))
    torch.testing.assert_close(torch.stack(forked), torch.stack(frames[half:]), atol=0, rtol=0)
    again = show(Stream(small(name), HEIGHT, WIDTH), 0, chunks, half)
    torch.testing.assert_close(torch.stack(again), torch.stack(frames), atol=0, rtol=0)


@pytest.mark.parametrize("name", BASE)
def test_what_a_chunk_shows_depends_on_the_chunks_before(name: str) -> None:
    """The memory is used: another past gives another picture."""
    pasts = []
    for seed in (0, 1):
        stream = Stream(small(name), HEIGHT, WIDTH)
        for n in range(3):
            step(stream, Controls("gold", control=video(stream.frames_wanted, n), seed=seed))
        pasts.append(step(stream, Controls("gold", control=video(stream.frames_wanted, 3), seed=7)).frames)
    assert not torch.allclose(*pasts, atol=1e-4)


def test_the_five_pipelines_are_those_of_the_paper() -> None:
    assert set(BASE) == {"longlive", "streamdiffusion-v2", "memflow", "reward-forcing", "krea-realtime"}
    assert [name for name in BASE if PIPELINES[name].architecture == WAN_14B] == ["krea-realtime"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"window": 5}, "a window of 5 latent frames cannot hold a sink of 3 and a chunk of 3"),
        ({"positions": "sideways"}, "positions must be absolute or window, got 'sideways'"),
        ({"trained_positions": 11}, "11 trained positions cannot hold the 12 latent frames that are remembered"),
        ({"trained_positions": 14, "bank": Bank()}, "14 trained positions cannot hold the 15 latent frames"),
        ({"rebuild": 3}, "rebuilt from 3 latent frames has no sink and a window of 6, got a sink of 3"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(Pipeline("longlive", ARCHITECTURE), **changes)
