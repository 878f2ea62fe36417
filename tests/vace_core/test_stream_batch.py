"""The stream batch: the same pictures as step by step with a memory for each step, some chunks later."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import vace_core.sampling.stream_batch
from tests.vace_core.small import ARCHITECTURE, model
from vace_core.conditioning import Reference
from vace_core.config import PIPELINES, Pipeline
from vace_core.controls import Controls
from vace_core.memory import WindowMemory
from vace_core.model import Model
from vace_core.sampling import Table, add_noise, clean_from_flow
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 48
RULE = replace(PIPELINES["streamdiffusion-v2"], stream_batch=True)
STEPS = len(RULE.video_steps)


def video(frames: int, seed: int, channels: int = 3) -> Tensor:
    shape = (1, channels, frames, HEIGHT, WIDTH)
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def controls(n: int, frames: int) -> Controls:
    """Prompt, scale, references, noise and what is given change from chunk to chunk, so that some run alone."""
    base = Controls(("gold", "ice")[n // 4 % 2], control=video(frames, n), scale=(1.0, 1.0, 0.0, 0.5)[n // 2 % 4])
    if n % 3 == 2:
        base = replace(base, video=video(frames, n + 100), noise=0.8)
    if n in (6, 7):
        base = replace(base, references=(Reference(video(1, 5)[0, :, 0]),), reference_mode="paper")
    return base


def show(stream: Stream, chunks: int, start: int = 0) -> list[Tensor]:
    """The frames that come out of so many steps."""
    made = [stream.step(controls(n, stream.frames_wanted)) for n in range(start, start + chunks)]
    return [chunk.frames for chunk in made if chunk is not None]


def by_hand(weights: Model, rule: Pipeline, chunks: int) -> list[Tensor]:
    """Latents of chunks under one prompt alone: each step has a window of its own, nothing is batched."""
    memory = WindowMemory(ARCHITECTURE, HEIGHT // 8, WIDTH // 8, rule)
    states = [memory.init_state(1, "cpu", torch.float32) for _ in range(STEPS)]
    schedule = Table(RULE.shift).squeezed(1.0, RULE.video_steps, RULE.warp, RULE.understated_noise)
    prompt = weights.transformer.embed_prompt(weights.text.encode("gold"))
    made, start = [], 0
    for n in range(chunks):
        count = RULE.chunk_frames(n)
        generator = torch.Generator().manual_seed(n)
        clean = torch.zeros(1, 16, count, HEIGHT // 8, WIDTH // 8)
        for step, (timestep, sigma) in enumerate(zip(schedule.timesteps, schedule.sigmas, strict=True)):
            view = memory.begin(states[step], range(start, start + count))
            noisy = add_noise(clean, torch.randn(clean.shape, generator=generator), sigma if step else schedule.start)
            time = weights.transformer.embed_time(torch.tensor([[timestep]]))
            flow = weights.transformer(noisy, time, prompt, memory=view.layers, turn=view.turn)
            clean = clean_from_flow(noisy, flow, sigma)
        made.append(clean)
        start += count
    return made


@torch.no_grad()
@pytest.mark.parametrize("positions", ["absolute", "window"])
def test_each_step_sees_what_frames_were_after_as_many_steps(positions: str) -> None:
    rule = replace(RULE, positions=positions)
    weights = model(rule)
    latents, decoder = by_hand(weights, rule, 9), None
    stream = Stream(weights, HEIGHT, WIDTH)
    made = [stream.step(Controls("gold")) for _ in range(9 + STEPS - 1)][STEPS - 1 :]
    for n, (chunk, clean) in enumerate(zip(made, latents, strict=True)):
        frames, decoder = weights.autoencoder.decode(clean, decoder)
        assert chunk is not None
        assert (chunk.index, chunk.mode) == (n, "text")
        torch.testing.assert_close(chunk.frames, frames, atol=1e-4, rtol=1e-3)


def test_in_one_pass_and_row_by_row_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    together = show(Stream(model(RULE), HEIGHT, WIDTH), 14)
    monkeypatch.setattr(
        vace_core.sampling.stream_batch, "group_compatible", lambda denoising: [[chunk] for chunk in denoising]
    )
    alone = show(Stream(model(RULE), HEIGHT, WIDTH), 14)
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def test_chunks_come_later_in_order_with_as_many_frames_as_were_asked_for() -> None:
    stream, asked, made = Stream(model(RULE), HEIGHT, WIDTH), [], []
    for n in range(6):
        asked.append(stream.frames_wanted)
        made.append(stream.step(controls(n, asked[-1])))
    assert made[: STEPS - 1] == [None] * (STEPS - 1)
    done = [chunk for chunk in made[STEPS - 1 :] if chunk is not None]
    assert [chunk.frames.shape[2] for chunk in done] == asked[: 6 - STEPS + 1]
    assert [chunk.index for chunk in done] == list(range(6 - STEPS + 1))


def test_a_forked_batch_runs_on_as_the_original_does() -> None:
    original = Stream(model(RULE), HEIGHT, WIDTH)
    show(original, 5)
    fork = original.fork()
    expected = show(original, 5, start=5)
    for one, other in zip(show(fork, 5, start=5), expected, strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)


def test_a_reset_batch_begins_anew() -> None:
    stream = Stream(model(RULE), HEIGHT, WIDTH)
    expected = show(stream, 4)
    stream.reset()
    for one, other in zip(show(stream, 4), expected, strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)


@pytest.mark.parametrize("name", ["longlive", "memflow", "reward-forcing", "krea-realtime"])
def test_a_pipeline_whose_memory_does_more_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"a stream batch goes with a plain window .streamdiffusion-v2."):
        replace(PIPELINES[name], stream_batch=True)
