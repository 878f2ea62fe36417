"""References in a stream: they last, each way of showing them does what it says, and none becomes history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.vace_core.small import ROWS, model, step
from vace_core.conditioning import REFERENCE_MODES, Reference
from vace_core.config import PIPELINES
from vace_core.controls import Controls
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 48
WINDOWS: dict[str, dict[str, Any]] = {
    "window": {},
    "absolute": {"positions": "absolute", "window": 9, "sink": 3},
    "sink": {"positions": "window", "window": 9, "sink": 3, "sink_decay": 0.999},
}
PUBLISHED = list(ROWS)


def video(frames: int, seed: int, channels: int = 3) -> Tensor:
    shape = (1, channels, frames, HEIGHT, WIDTH)
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def reference(seed: int, strength: float = 1.0) -> Reference:
    return Reference(video(1, seed)[0, :, 0], strength)


ONE, TWO = reference(50), reference(51)


def run(stream: Stream, chunks: int, controls: Controls, start: int = 0) -> Tensor:
    given = (replace(controls, control=video(stream.frames_wanted, n)) for n in range(start, start + chunks))
    return torch.cat([step(stream, one).frames for one in given], dim=2)


@pytest.mark.parametrize("pipeline", PUBLISHED)
@pytest.mark.parametrize("mode", REFERENCE_MODES)
def test_references_come_go_and_change_under_every_pipeline_s_rules(pipeline: str, mode: str) -> None:
    stream = Stream(model(PIPELINES[pipeline]), HEIGHT, WIDTH)
    plain = Controls("gold", reference_mode=mode)
    grown = []
    for n, given in enumerate([(), (ONE,), (ONE, TWO), (TWO,), (), (ONE, TWO), (ONE,), (), (ONE, TWO)]):
        wanted = stream.frames_wanted
        made = step(stream, replace(plain, control=video(wanted, n), references=given)).frames
        assert made.shape[2] == wanted
        assert made.isfinite().all()
        grown.append(stream.state.memory.nbytes())
    assert len(set(grown[2:])) == 1


@pytest.mark.parametrize("rule", WINDOWS)
@pytest.mark.parametrize("mode", REFERENCE_MODES)
def test_a_reference_of_strength_0_is_not_seen(mode: str, rule: str) -> None:
    weights = model(**WINDOWS[rule])
    silent = Controls("gold", references=(reference(50, 0.0),), reference_mode=mode)
    expected = run(Stream(weights, HEIGHT, WIDTH), 4, Controls("gold"))
    torch.testing.assert_close(run(Stream(weights, HEIGHT, WIDTH), 4, silent), expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("mode", REFERENCE_MODES)
def test_strength_and_each_of_two_references_make_a_difference(mode: str) -> None:
    weights = model()

    def made(*references: Reference) -> Tensor:
        return run(Stream(weights, HEIGHT, WIDTH), 2, Controls("gold", references=references, reference_mode=mode))

    pictures = [made(ONE), made(TWO), made(ONE, TWO), made(reference(50, 0.5)), made(reference(50, 2.0)), made()]
    for n, one in enumerate(pictures):
        for other in pictures[n + 1 :]:
            assert not torch.allclose(one, other, atol=1e-6)


def test_the_modes_differ() -> None:
    weights = model()
    made = [
        run(Stream(weights, HEIGHT, WIDTH), 2, Controls("gold", references=(ONE,), reference_mode=mode))
        for mode in REFERENCE_MODES
    ]
    assert not torch.allclose(made[0], made[1], atol=1e-6)
    assert not torch.allclose(made[1], made[2], atol=1e-6)


@pytest.mark.parametrize("rule", WINDOWS)
@pytest.mark.parametrize("mode", REFERENCE_MODES[1:])
def test_a_chunk_s_noise_and_place_in_history_are_the_same_with_references_and_without(mode: str, rule: str) -> None:
    weights = model(**WINDOWS[rule])
    with_them, without = Stream(weights, HEIGHT, WIDTH), Stream(weights, HEIGHT, WIDTH)
    run(with_them, 5, Controls("gold", references=(ONE, TWO), reference_mode=mode))
    run(without, 5, Controls("gold"))
    with_them.settle()
    without.settle()
    assert with_them.state.memory.frames == without.state.memory.frames
    assert with_them.state.memory.positions == without.state.memory.positions


@pytest.mark.parametrize("mode", REFERENCE_MODES[1:])
def test_the_clean_pass_does_not_see_references(mode: str) -> None:
    """What is remembered of a chunk depends on its latents alone."""
    stream = Stream(model(), HEIGHT, WIDTH)
    run(stream, 3, Controls("gold", references=(ONE,), reference_mode=mode))
    clean = stream.state.unsettled
    assert clean is not None
    other = Stream(stream.model, HEIGHT, WIDTH)
    snapshot = stream.state.clone()
    stream.settle()
    other.restore(replace(snapshot, unsettled=clean.clone()))
    other.settle()
    for ours, theirs in zip(stream.state.memory.layers, other.state.memory.layers, strict=True):
        filled = 6 * 6  # window of six latent frames of six tokens; behind them lie the references' rows
        torch.testing.assert_close(ours.rotated[:, :, :filled], theirs.rotated[:, :, :filled], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("mode", REFERENCE_MODES)
def test_a_stream_with_references_forks_and_restores(mode: str) -> None:
    controls = Controls("gold", references=(ONE, TWO), reference_mode=mode)
    stream = Stream(model(), HEIGHT, WIDTH)
    run(stream, 2, controls)
    other, snapshot = stream.fork(), stream.snapshot()
    expected = run(stream, 2, controls, start=2)
    torch.testing.assert_close(run(other, 2, controls, start=2), expected, atol=0, rtol=0)
    stream.restore(snapshot)
    torch.testing.assert_close(run(stream, 2, controls, start=2), expected, atol=0, rtol=0)


def test_a_slot_is_computed_once_until_something_it_hangs_on_changes() -> None:
    weights = model()
    calls = []
    transformer = weights.transformer
    forward = transformer.forward

    def counting(latents: Tensor, *rest: Any, **named: Any) -> Tensor:
        calls.append(latents.shape[2])
        return forward(latents, *rest, **named)

    transformer.forward = counting  # type: ignore[method-assign]
    stream = Stream(weights, HEIGHT, WIDTH)
    controls = Controls("gold", references=(ONE,), reference_mode="slot")
    run(stream, 3, controls)
    assert calls.count(1) == 1
    run(stream, 2, replace(controls, prompt="ice"), start=3)
    assert calls.count(1) == 2
    run(stream, 2, replace(controls, prompt="ice", scale=0.5), start=5)
    assert calls.count(1) == 3


def test_a_stream_batch_names_what_it_can_t_do_before_anything_changes() -> None:
    stream = Stream(model(PIPELINES["streamdiffusion-v2"], stream_batch=True), HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="shown as paper here, not as 'joint'"):
        step(stream, Controls("gold", references=(ONE,), reference_mode="joint"))
    assert stream.state.chunks == 0


def test_a_strength_outside_its_range_is_named() -> None:
    with pytest.raises(ValueError, match="0 to 2, got 3"):
        reference(1, 3.0)
