"""Each base pipeline as a stream of many chunks in which everything changes: it goes on, it repeats, it forks."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.vace_core.small import ARCHITECTURE, ROWS, lora, model, step
from vace_core.config import PIPELINES, WAN_14B, Bank, Pipeline
from vace_core.controls import Controls
from vace_core.lora.live import LiveLoras
from vace_core.model import Model
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 48
BASE = sorted(set(PIPELINES) - {"pocket"})
PAPER = ["krea-realtime", "longlive", "memflow", "reward-forcing", "streamdiffusion-v2"]
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


def lengths() -> Iterator[object]:
    """One row of each rule for 200 chunks, and for fewer in the quick tests; rows like another for the fewer alone."""
    for name in BASE:
        yield pytest.param(name, 16, marks=() if name in ROWS else pytest.mark.slow)
    for name in ROWS:
        yield pytest.param(name, 100, marks=pytest.mark.slow)


@pytest.mark.parametrize(("name", "half"), list(lengths()))
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
    again = show(Stream(small(name), HEIGHT, WIDTH), 0, half, half)  # as for the other half, the fork has repeated it
    torch.testing.assert_close(torch.stack(again), torch.stack(frames[:half]), atol=0, rtol=0)


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


def test_the_pipelines_are_the_five_of_the_paper_and_newer_generators() -> None:
    newer = {"self-forcing", "causal-forcing", "causal-forcing-framewise", "causal-forcing-2step"}
    newer |= {"causal-forcing-1step", "longlive-infinity", "streamdiffusion-v2-14b"}
    assert set(BASE) == newer | set(PAPER)
    large = {name for name in BASE if PIPELINES[name].architecture == WAN_14B}
    assert large == {"krea-realtime", "streamdiffusion-v2-14b"}


@pytest.mark.parametrize("name", ["causal-forcing-2step", "causal-forcing-1step"])
@pytest.mark.parametrize("noise", [1.0, 0.7])
def test_the_first_chunk_takes_four_steps_and_the_others_fewer(name: str, noise: float) -> None:
    """Also the first one after a reset, also where a chunk starts from a video."""
    rule = PIPELINES[name]
    stream = Stream(model(rule), HEIGHT, WIDTH)
    steps = noted_steps(stream)
    for n in range(3):
        if n == 2:
            stream.reset()
        step(stream, Controls("gold", video=video(stream.frames_wanted, n), noise=noise))
        stream.settle()
    nominal = {1000: 1000.0, 750: 937.5, 500: 833.33, 250: 625.0}
    whole = [[nominal[t] for t in timesteps] for timesteps in (rule.first_steps, rule.steps, rule.first_steps)]
    expected = whole if noise == 1.0 else [[700, 625], [700], [700, 625]]
    assert [taken[:-1] for taken in steps] == [pytest.approx(one, abs=0.01) for one in expected]
    assert [taken[-1] for taken in steps] == [0.0] * 3  # the clean pass


def noted_steps(stream: Stream) -> list[list[float]]:
    """The timesteps of each chunk's passes, as they are run."""
    chunks: list[list[float]] = []
    time = stream._cache.time

    def noted(timestep: float) -> Any:
        if not chunks or chunks[-1][-1] == 0.0:
            chunks.append([])
        chunks[-1].append(timestep)
        return time(timestep)

    stream._cache.time = noted  # type: ignore[method-assign]
    return chunks


def test_a_chunk_of_one_latent_frame_takes_four_frames_and_the_first_one_frame() -> None:
    stream = Stream(model(PIPELINES["causal-forcing-framewise"]), HEIGHT, WIDTH)
    wanted = []
    for n in range(3):
        wanted.append(stream.frames_wanted)
        chunk = step(stream, Controls("gold", control=video(stream.frames_wanted, n)))
        assert chunk.frames.shape[2] == wanted[-1]
    assert wanted == [1, 4, 4]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"window": 5}, "a window of 5 latent frames cannot hold a sink of 3 and a chunk of 3"),
        ({"positions": "sideways"}, "positions must be absolute or window, got 'sideways'"),
        ({"trained_positions": 11}, "11 trained positions cannot hold the 12 latent frames that are remembered"),
        ({"trained_positions": 14, "bank": Bank()}, "14 trained positions cannot hold the 15 latent frames"),
        ({"weights": "ema"}, "weights must be generator or generator_ema, got 'ema'"),
        ({"stream_batch": True, "first_steps": (1000, 750)}, r"its first chunk cannot have others \(1000, 750\)"),
        ({"rebuild": 3}, "rebuilt from 3 latent frames has no sink and a window of 6, got a sink of 3"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(Pipeline("longlive", ARCHITECTURE), **changes)
