"""All that changes as a stream runs lies in its state: nothing is hidden beside it, and nothing in the weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.vace_core.small import lora, model
from vace_core.conditioning import Reference
from vace_core.conditioning.cache import ConditioningCache
from vace_core.config import PIPELINES
from vace_core.controls import Controls
from vace_core.lora.live import LiveLoras
from vace_core.model import Model
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 48
RULES: dict[str, dict[str, Any]] = {
    "clean pass": {},
    "recache": {"positions": "absolute", "window": 9, "sink": 3, "recache": True},
    "rebuild": {"positions": "absolute", "window": 6, "sink": 0, "rebuild": 3, "past_weight": 0.3},
    "stream batch": {"base": PIPELINES["streamdiffusion-v2"], "stream_batch": True},
}
CHUNKS = 10


def video(frames: int, seed: int, channels: int = 3) -> Tensor:
    shape = (1, channels, frames, HEIGHT, WIDTH)
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


REFERENCES = (Reference(video(1, 50)[0, :, 0]), Reference(video(1, 51)[0, :, 0], 0.5))


def with_lora(rule: str) -> Model:
    weights = model(**RULES[rule])
    return replace(weights, loras=LiveLoras(weights.transformer, [lora()]))


def controls(n: int, frames: int, **changes: Any) -> Controls:
    """The prompt, a blend on the way to it, references and a video come and go."""
    prompt = ("gold", (("gold", 0.5), ("ice", 0.5)), "ice")[n // 2 % 3]
    base = Controls(prompt, control=video(frames, n))
    if n % 5 in (1, 2, 3):
        base = replace(base, references=REFERENCES, reference_mode="paper")
    if n % 4 == 3:
        base = replace(base, video=video(frames, n + 100), noise=0.8)
    return replace(base, **changes)


def step(stream: Stream, n: int, **changes: Any) -> Tensor | None:
    chunk = stream.step(controls(n, stream.frames_wanted, **changes))
    return None if chunk is None else chunk.frames


def run(stream: Stream, start: int = 0, end: int = CHUNKS, **changes: Any) -> list[Tensor | None]:
    return [step(stream, n, **changes) for n in range(start, end)]


def assert_same(ours: list[Tensor | None], expected: list[Tensor | None]) -> None:
    assert [frames is None for frames in ours] == [frames is None for frames in expected]
    assert all(torch.equal(one, other) for one, other in zip(ours, expected) if one is not None and other is not None)


@pytest.mark.parametrize("rule", RULES)
def test_streams_with_different_strengths_side_by_side_equal_each_alone(rule: str) -> None:
    """From one model, chunk by chunk; one of them changes its strength on the way, and one has none."""
    strengths = {"strong": [0.9] * CHUNKS, "none": [0.0] * CHUNKS, "moving": [0.0, 0.0, 0.4, 0.4, -0.6, -0.6] * 2}
    shared = with_lora(rule)
    streams = {name: Stream(shared, HEIGHT, WIDTH) for name in strengths}
    together: dict[str, list[Tensor | None]] = {name: [] for name in strengths}
    for n in range(CHUNKS):
        for name, stream in streams.items():
            together[name].append(step(stream, n, loras=(strengths[name][n],)))
    for name, made in together.items():
        stream = Stream(with_lora(rule), HEIGHT, WIDTH)
        assert_same(made, [step(stream, n, loras=(strengths[name][n],)) for n in range(CHUNKS)])
    last = [frames[-1] for frames in together.values()]
    assert all(frames is not None for frames in last)
    assert not any(torch.equal(one, other) for one, other in zip(last, last[1:]) if one is not None)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", RULES)
def test_a_restored_state_has_the_strengths_that_it_had(rule: str) -> None:
    stream = Stream(with_lora(rule), HEIGHT, WIDTH)
    run(stream, 0, 5, loras=(0.7,))
    snapshot, fork = stream.snapshot(), stream.fork()
    expected = run(stream, 5)  # Controls without strengths: they stay as they are
    run(stream, 5, loras=(0.0,))
    stream.restore(snapshot)
    assert_same(run(stream, 5), expected)
    assert_same(run(fork, 5), expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("at", range(4, 9))
def test_a_fork_after_any_chunk_runs_on_as_the_original_does(rule: str, at: int) -> None:
    original = Stream(model(**RULES[rule]), HEIGHT, WIDTH)
    run(original, 0, at)
    fork = original.fork()
    assert_same(run(fork, at), run(original, at))


@pytest.mark.parametrize("rule", RULES)
def test_a_state_copied_before_its_clean_pass_runs_on_all_the_same(rule: str) -> None:
    stream = Stream(model(**RULES[rule]), HEIGHT, WIDTH)
    run(stream, 0, 5)
    copy = stream.state.clone()
    expected = run(stream, 5)
    other = Stream(stream.model, HEIGHT, WIDTH)
    for one in (stream, other):
        one.restore(copy)
        assert_same(run(one, 5), expected)


@pytest.mark.parametrize("rule", RULES)
def test_a_reset_stream_equals_a_fresh_one_whatever_was_before(rule: str) -> None:
    stream = Stream(with_lora(rule), HEIGHT, WIDTH)
    expected = run(stream, loras=(0.3,))
    run(stream, 1, 8, loras=(0.9,))
    stream.reset()
    assert_same(run(stream, loras=(0.3,)), expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("way", ["invalidate", "a new cache"])
def test_the_cache_can_be_dropped_at_any_time(rule: str, way: str) -> None:
    """What is in it is derived: dropped after each chunk, and again after its clean pass, it changes no result."""
    weights = with_lora(rule)
    dropping, keeping = Stream(weights, HEIGHT, WIDTH), Stream(weights, HEIGHT, WIDTH)

    def drop() -> None:
        if way == "invalidate":
            dropping._cache.invalidate()
        else:
            dropping._cache = ConditioningCache(weights)

    made = []
    for n in range(CHUNKS):
        made.append(step(dropping, n, loras=((0.0, 0.5)[n // 3 % 2],)))
        drop()
        dropping.settle()
        drop()
    assert_same(made, [step(keeping, n, loras=((0.0, 0.5)[n // 3 % 2],)) for n in range(CHUNKS)])


@pytest.mark.parametrize("rule", RULES)
def test_the_bytes_of_a_state_are_those_of_its_tensors_each_counted_once(rule: str) -> None:
    stream = Stream(model(**RULES[rule]), HEIGHT, WIDTH)
    memory = stream.state.memory if stream.state.rows is None else stream.state.rows
    fresh = stream.state.nbytes()
    assert fresh == memory.nbytes() + stream.state.history.nbytes
    run(stream, 0, 4)
    assert stream.state.nbytes() > fresh
