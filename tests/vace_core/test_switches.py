"""A prompt may change before any chunk: a stream then equals the rule of its pipeline, written plainly."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.vace_core.plain_stream import PlainStream
from tests.vace_core.small import ROWS, model
from vace_core.conditioning import REFERENCE_MODES, Reference
from vace_core.conditioning.cache import ConditioningCache
from vace_core.config import Bank, Pipeline
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.passes import Passes
from vace_core.state import StreamState
from vace_core.stream import Stream
from vace_core.text import Blend

HEIGHT, WIDTH = 32, 48
RULES: dict[str, Pipeline] = dict(ROWS)
RULES["memflow, recorded in every chunk"] = replace(RULES["memflow"], bank=Bank(every_chunk=True))
RULES["streamdiffusion-v2, stream batch"] = replace(RULES["streamdiffusion-v2"], stream_batch=True)
CHUNKS = {name: 4 + max(12, row.window) // row.chunk if row.bank is None else 14 for name, row in RULES.items()}
"""Until the window is full and the bank has chosen; below, until positions have come to their end twice or more."""
for name, end, chunks in (
    ("longlive", 24, 16),
    ("memflow", 24, 17),
    ("memflow, recorded in every chunk", 24, 17),
    ("streamdiffusion-v2", 10, 18),
    ("streamdiffusion-v2, stream batch", 10, 18),
):
    RULES[f"{name}, {end} positions"] = replace(RULES[name], trained_positions=end)
    CHUNKS[f"{name}, {end} positions"] = chunks


def video(frames: int, seed: int) -> Tensor:
    return torch.rand((1, 3, frames, HEIGHT, WIDTH), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def small(rule: Pipeline) -> Model:
    return model(rule, steps=(1000, 500))


def controls(
    stream: Stream, n: int, prompt: str | Blend, references: tuple[Reference, ...] = (), mode: str = "paper"
) -> Controls:
    return Controls(prompt, control=video(stream.frames_wanted, n), references=references, reference_mode=mode, seed=3)


def follow(
    stream: Stream,
    plain: PlainStream,
    prompts: list[str | Blend],
    references: tuple[Reference, ...] = (),
    mode: str = "paper",
) -> None:
    """Both through chunks under these prompts, one prompt a chunk; a stream batch hands its chunks over later."""
    for n, prompt in enumerate(prompts, len(plain.clean)):
        given = controls(stream, n, prompt, references, mode)
        chunk = stream.step(given)
        plain.step(given)
        if chunk is None:
            assert stream.model.pipeline.stream_batch
            assert not n
            continue
        assert chunk.latents is not None
        torch.testing.assert_close(chunk.latents, plain.clean[chunk.index], atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", RULES)
def test_one_switch_before_any_chunk(name: str) -> None:
    """From a stream that never switches, another is forked before each chunk, and switches there."""
    weights = small(RULES[name])
    stream, plain = Stream(weights, HEIGHT, WIDTH), PlainStream(weights, HEIGHT, WIDTH)
    for n in range(CHUNKS[name]):
        if n:
            follow(stream.fork(), plain.fork(), ["ice", "ice"])
        follow(stream, plain, ["gold"])


PROMPTS: tuple[str | Blend, ...] = ("gold", "ice", "lava", (("gold", 0.25), ("lava", 0.75)))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_switches_at_random_while_the_stream_is_forked_and_restored(name: str, seed: int) -> None:
    """Before each chunk the stream may be replaced by its fork, or go astray for a chunk and be restored."""
    chance, weights = random.Random(seed), small(RULES[name])
    stream, plain = Stream(weights, HEIGHT, WIDTH), PlainStream(weights, HEIGHT, WIDTH)
    for n in range(CHUNKS[name]):
        match chance.choice(("on", "fork", "restore")):
            case "fork":
                stream = stream.fork()
            case "restore":
                snapshot = stream.snapshot()
                stream.step(controls(stream, n + 500, "astray"))
                stream.restore(snapshot)
        follow(stream, plain, [chance.choice(PROMPTS)])


@pytest.mark.parametrize("name", [name for name, row in RULES.items() if row.recache])
def test_a_blend_is_recached_once_when_it_is_held_and_never_on_its_way(name: str) -> None:
    """Set at once and held, moved by hand and let go, and turned into a prompt: a pass each, and by the rule."""
    weights = small(RULES[name])
    stream, plain = Stream(weights, HEIGHT, WIDTH), PlainStream(weights, HEIGHT, WIDTH)
    recached = noted_recaches(stream)
    half, quarter = (("gold", 0.5), ("lava", 0.5)), (("gold", 0.25), ("lava", 0.75))
    prompts: list[str | Blend] = ["gold", "gold", half, half, half, quarter, half, half, half, quarter, "lava", "lava"]
    follow(stream, plain, prompts)
    assert recached == [3, 7, 10]
    follow(Stream(weights, HEIGHT, WIDTH), PlainStream(weights, HEIGHT, WIDTH), [half, half, "ice"])


def test_a_stream_that_begins_under_a_blend_has_nothing_to_recache() -> None:
    stream = Stream(small(RULES["longlive"]), HEIGHT, WIDTH)
    recached = noted_recaches(stream)
    for n in range(3):
        stream.step(controls(stream, n, (("gold", 0.5), ("lava", 0.5))))
    assert recached == []


def noted_recaches(stream: Stream) -> list[int]:
    """Before which chunks what is remembered is read again."""
    chunks: list[int] = []
    note = stream._refresh.note_prompt
    memory = stream._refresh._memory  # type: ignore[attr-defined]
    begin = memory.begin

    def noted(state: StreamState, cache: ConditioningCache, passes: Passes, changed: bool) -> None:
        memory.begin = lambda *given, **named: chunks.append(state.chunks) or begin(*given, **named)
        note(state, cache, passes, changed)
        memory.begin = begin

    stream._refresh.note_prompt = noted  # type: ignore[method-assign]
    return chunks


def shown() -> Iterator[object]:
    """Rules and the ways in which they show references; of the long ones, one way in the quick tests."""
    for name, row in RULES.items():
        for mode in REFERENCE_MODES[: 1 if row.stream_batch else None]:
            quick = mode == ("paper" if row.stream_batch else "joint") or CHUNKS[name] < 15
            yield pytest.param(name, mode, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize(("name", "mode"), list(shown()))
def test_switches_while_references_come_and_go(name: str, mode: str) -> None:
    weights = small(RULES[name])
    stream, plain = Stream(weights, HEIGHT, WIDTH), PlainStream(weights, HEIGHT, WIDTH)
    pictures = tuple(Reference(video(1, 50 + n)[0, :, 0], strength) for n, strength in enumerate((1.0, 0.5)))
    for n in range(CHUNKS[name]):
        prompt = ("gold", "gold", "ice", "lava", "lava", "gold", "ice")[n % 7]
        follow(stream, plain, [prompt], references=pictures[: (0, 1, 2, 2, 0, 1, 1, 0)[n % 8]], mode=mode)
