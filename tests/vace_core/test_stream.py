"""Streams: what they take and give, and that their state is theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.vace_core.small import SmallText, lora, model, step
from vace_core.conditioning import Reference, encode_context
from vace_core.controls import Controls
from vace_core.lora.live import LiveLoras
from vace_core.model import Model
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 48


def video(frames: int, seed: int, channels: int = 3) -> Tensor:
    shape = (1, channels, frames, HEIGHT, WIDTH)
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def run(stream: Stream, chunks: int, prompt: str = "gold", start: int = 0) -> Tensor:
    """Frames of some chunks under a control that depends on the chunk's number only."""
    made = [
        step(stream, Controls(prompt, control=video(stream.frames_wanted, n))).frames
        for n in range(start, start + chunks)
    ]
    return torch.cat(made, dim=2)


def test_the_first_chunk_takes_nine_frames_and_every_later_one_twelve() -> None:
    stream = Stream(model(), HEIGHT, WIDTH)
    for n, frames in enumerate((9, 12, 12)):
        assert stream.frames_wanted == frames
        chunk = step(stream, Controls("gold", control=video(frames, n)))
        assert tuple(chunk.frames.shape) == (1, 3, frames, HEIGHT, WIDTH)
        assert (chunk.index, chunk.mode) == (n, "control")
        assert chunk.frames.abs().max() <= 1
        assert chunk.frames.std() > 0.01


@pytest.mark.parametrize("pipeline", [{}, {"positions": "absolute", "window": 9, "sink": 3, "recache": True}])
def test_a_forked_stream_runs_on_as_the_original_does(pipeline: dict) -> None:
    original = Stream(model(**pipeline), HEIGHT, WIDTH)
    run(original, 3)
    other = original.fork()
    expected = run(original, 3, prompt="ice", start=3)
    torch.testing.assert_close(run(other, 3, prompt="ice", start=3), expected, atol=0, rtol=0)


def test_two_streams_of_one_model_do_not_disturb_each_other() -> None:
    weights = model()
    alone = run(Stream(weights, HEIGHT, WIDTH), 3)
    one, two = Stream(weights, HEIGHT, WIDTH), Stream(weights, HEIGHT, WIDTH)
    turns = []
    for n in range(3):
        turns.append(run(one, 1, start=n))
        run(two, 1, prompt="ice", start=n + 7)
    torch.testing.assert_close(torch.cat(turns, dim=2), alone, atol=0, rtol=0)


def test_a_restored_snapshot_runs_on_as_if_nothing_had_come_between() -> None:
    stream = Stream(model(), HEIGHT, WIDTH)
    run(stream, 2)
    snapshot = stream.snapshot()
    expected = run(stream, 2, start=2)
    run(stream, 2, prompt="ice", start=9)
    for _ in range(2):
        stream.restore(snapshot)
        torch.testing.assert_close(run(stream, 2, start=2), expected, atol=0, rtol=0)


def test_a_reset_stream_equals_a_fresh_one() -> None:
    stream = Stream(model(), HEIGHT, WIDTH)
    expected = run(stream, 2)
    stream.reset()
    torch.testing.assert_close(run(stream, 2), expected, atol=0, rtol=0)


def test_settling_early_or_late_makes_no_difference() -> None:
    late, early = Stream(model(), HEIGHT, WIDTH), Stream(model(), HEIGHT, WIDTH)
    expected = run(late, 3)
    parts = []
    for n in range(3):
        parts.append(run(early, 1, start=n))
        early.settle()
        early.settle()
    torch.testing.assert_close(torch.cat(parts, dim=2), expected, atol=0, rtol=0)


def test_scale_zero_equals_no_control() -> None:
    off, without = Stream(model(), HEIGHT, WIDTH), Stream(model(), HEIGHT, WIDTH)
    for n in range(2):
        controlled = step(off, Controls("gold", control=video(off.frames_wanted, n), scale=0.0))
        torch.testing.assert_close(controlled.frames, step(without, Controls("gold")).frames, atol=0, rtol=0)


def test_prompt_seed_scale_control_mask_and_reference_each_change_the_picture() -> None:
    base = Controls("gold", control=video(9, 0))
    variants = {
        "prompt": replace(base, prompt="ice"),
        "seed": replace(base, seed=5),
        "scale": replace(base, scale=0.5),
        "control": replace(base, control=video(9, 1)),
        "mask": replace(base, source=video(9, 2), mask=(video(9, 3, channels=1) > 0).float()),
        "reference": replace(base, references=(Reference(video(1, 4)[0, :, 0]),)),
        "first": replace(base, first=video(1, 4)[0, :, 0]),
        "last": replace(base, last=video(1, 4)[0, :, 0]),
    }
    weights = model()
    plain = step(Stream(weights, HEIGHT, WIDTH), base).frames
    for name, controls in variants.items():
        frames = step(Stream(weights, HEIGHT, WIDTH), controls).frames
        assert not torch.allclose(frames, plain, atol=1e-7), name


def test_a_prompt_change_keeps_the_memory_and_is_encoded_once() -> None:
    weights = model()
    stream = Stream(weights, HEIGHT, WIDTH)
    run(stream, 2)
    before = list(stream.state.memory.frames)
    run(stream, 2, prompt="ice", start=2)
    assert isinstance(weights.text, SmallText)
    assert weights.text.calls == 2
    assert before == [0, 1, 2, 3, 4, 5]
    assert sorted(stream.state.memory.frames) == [6, 7, 8, 9, 10, 11]
    fresh = Stream(weights, HEIGHT, WIDTH)
    assert not torch.allclose(run(fresh, 1, prompt="ice", start=2)[:, :, -1], run(stream, 1, "ice", 4)[:, :, -1])


def test_a_recache_rewrites_what_is_remembered_under_the_new_prompt() -> None:
    def keys(recache: bool) -> Tensor:
        stream = Stream(model(positions="absolute", window=9, sink=3, recache=recache), HEIGHT, WIDTH)
        run(stream, 4)
        run(stream, 1, prompt="ice", start=4)
        oldest = min(frame for frame in stream.state.memory.frames if frame >= 3)
        row = stream.state.memory.frames.index(oldest) * 6
        return stream.state.memory.layers[-1].values[:, :, row : row + 6].clone()

    assert not torch.allclose(keys(True), keys(False))


def test_nothing_grows_with_the_length_of_a_stream() -> None:
    stream = Stream(model(), HEIGHT, WIDTH)
    run(stream, 2)
    size = stream.state.memory.nbytes()
    buffers = [tensor.data_ptr() for layer in stream.state.memory.layers for tensor in layer.tensors()]
    run(stream, 20, start=2)
    assert stream.state.memory.nbytes() == size
    assert buffers == [tensor.data_ptr() for layer in stream.state.memory.layers for tensor in layer.tensors()]
    assert stream.state.history.shape[2] == stream.model.pipeline.window


@pytest.mark.parametrize(
    ("controls", "words"),
    [
        (Controls(control=video(12, 0)), r"control is \(12, 32, 48\).*expected \(9, 32, 48\)"),
        (Controls(mask=video(9, 0, channels=1)), "a mask needs a source"),
        (Controls(scale=3.0), "context scale must be 0 to 2, got 3"),
        (Controls(references=(Reference(torch.zeros(3, 8, 8)),)), r"reference is \(3, 8, 8\)"),
        (Controls(noise=0.5), "a noise of 0.5 needs a video"),
        (Controls(video=video(9, 0), noise=0.0), "noise must be 0.05 to 1"),
        (Controls(video=video(12, 0), noise=0.5), r"video is \(12, 32, 48\).*expected \(9, 32, 48\)"),
    ],
)
def test_wrong_controls_are_refused_and_the_stream_goes_on(controls: Controls, words: str) -> None:
    stream, undisturbed = Stream(model(), HEIGHT, WIDTH), Stream(model(), HEIGHT, WIDTH)
    with pytest.raises(ValueError, match=words):
        step(stream, controls)
    torch.testing.assert_close(run(stream, 2), run(undisturbed, 2), atol=0, rtol=0)


def test_the_less_noise_a_video_is_given_the_more_of_it_remains() -> None:
    weights = model()
    source = video(9, 0)
    latents, _ = weights.autoencoder.encode(source)
    seen, _ = weights.autoencoder.decode(latents)

    def distance(noise: float) -> float:
        made = step(Stream(weights, HEIGHT, WIDTH), Controls("gold", video=source, noise=noise)).frames
        return (made - seen).abs().mean().item()

    assert distance(0.05) < distance(0.5) < distance(0.95)
    assert distance(0.05) < 0.1 * distance(0.95)


def test_a_video_is_encoded_as_one_stream() -> None:
    """With next to no noise, chunk after chunk shows the video as it is encoded in one piece."""
    weights = model()
    stream, source = Stream(weights, HEIGHT, WIDTH), video(33, 0)
    latents, _ = weights.autoencoder.encode(source)
    seen, _ = weights.autoencoder.decode(latents)
    made, at = [], 0
    for _ in range(3):
        part = source[:, :, at : at + stream.frames_wanted]
        at += stream.frames_wanted
        made.append(step(stream, Controls("gold", video=part, noise=0.05)).frames)
    assert (torch.cat(made, dim=2) - seen).abs().mean() < 0.05


def test_noise_that_comes_and_goes_forgets_nothing() -> None:
    stream = Stream(model(), HEIGHT, WIDTH)
    buffers = [layer.rotated.data_ptr() for layer in stream.state.memory.layers]
    for n, noise in enumerate((1.0, 0.6, 1.0, 0.3, 0.8)):
        step(stream, Controls("gold", video=video(stream.frames_wanted, n), noise=noise))
        stream.settle()
    assert sorted(stream.state.memory.frames) == list(range(9, 15))
    assert buffers == [layer.rotated.data_ptr() for layer in stream.state.memory.layers]


def test_a_live_lora_acts_at_once_and_goes_without_a_trace() -> None:
    """A chunk after strength 0 again equals one that never had any, in a memory that was."""
    plain = model()
    weights = replace(plain, loras=LiveLoras(plain.transformer, [lora()]))

    def shown(strengths: tuple[float, ...]) -> list[Tensor]:
        stream = Stream(weights, HEIGHT, WIDTH)
        made = []
        for n, strength in enumerate(strengths):
            chunk = step(stream, Controls("gold", control=video(stream.frames_wanted, n), loras=(strength,)))
            made.append(chunk.frames)
        return made

    never, once = shown((0.0, 0.0)), shown((0.0, 1.0))
    torch.testing.assert_close(never[0], once[0], atol=0, rtol=0)
    assert not torch.allclose(never[1], once[1])
    torch.testing.assert_close(shown((0.0, 0.0))[1], never[1], atol=0, rtol=0)


def test_a_rebuilt_memory_looks_at_its_frames_under_the_new_prompt() -> None:
    rule = {"positions": "absolute", "window": 6, "sink": 0, "rebuild": 3}

    def values(prompt: str) -> Tensor:
        stream = Stream(model(**rule), HEIGHT, WIDTH)
        run(stream, 3)
        run(stream, 1, prompt=prompt, start=3)
        return stream.state.memory.layers[-1].values[:, :, :18].clone()

    assert not torch.allclose(values("gold"), values("ice"))


def test_a_size_that_is_no_multiple_of_sixteen_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 16 pixels, got 30x48"):
        Stream(model(), 30, 48)


def test_weights_are_shared_and_not_copied() -> None:
    weights: Model = model()
    assert Stream(weights, HEIGHT, WIDTH).fork().model is weights


@pytest.mark.parametrize("pipeline", [{}, {"stream_batch": True}])
def test_pinned_latents_are_the_source_s_own_and_nothing_else_is(pipeline: dict) -> None:
    weights = model(**pipeline)
    stream, free = Stream(weights, HEIGHT, WIDTH), Stream(weights, HEIGHT, WIDTH)
    for chunk in range(4):
        frames = stream.frames_wanted
        source, mask = video(frames, chunk), torch.ones(1, 1, frames, HEIGHT, WIDTH)
        mask[..., : WIDTH // 2] = 0
        mask[:, :, -1, :8, :8] = 1  # of one cell, one frame is made anew
        controls = Controls("gold", source=source, mask=mask)
        before = stream.state.context
        pinned, made = (one.step(replace(controls, pin=pin)) for one, pin in ((stream, True), (free, False)))
        gray = torch.zeros(1, 3, frames, HEIGHT, WIDTH)
        context, _ = encode_context(weights.autoencoder, None, source, mask, before, gray)
        state = next(iter(stream.state.denoising), None)
        clean = stream.state.unsettled if state is None else state.clean
        assert clean is not None
        kept = torch.zeros(clean.shape[2:], dtype=torch.bool)
        kept[..., : WIDTH // 16] = True
        kept[-1, 0, 0] = False
        same = (clean == context[:, :16])[0].all(dim=0)
        assert torch.equal(same, kept)
        if pinned is None or made is None:
            assert made is pinned is None
            continue
        assert pinned.frames.shape == made.frames.shape
        if chunk:
            assert not torch.equal(pinned.frames, made.frames)


def test_nothing_is_pinned_where_nothing_is_kept_or_nothing_is_followed() -> None:
    for extra in ({"scale": 0.0}, {"mask": None, "source": None}):
        with_pin, without = Stream(model(), HEIGHT, WIDTH), Stream(model(), HEIGHT, WIDTH)
        given = Controls("gold", control=video(9, 1), source=video(9, 2), mask=video(9, 3, 1))
        given = replace(given, **extra)
        assert torch.equal(step(with_pin, replace(given, pin=True)).frames, step(without, given).frames)


def test_the_largest_seed_of_64_bits_counts_as_any_other_for_all_chunks() -> None:
    def frames(seed: int) -> Tensor:
        stream = Stream(model(), HEIGHT, WIDTH)
        reference = Reference(video(1, 9)[0, :, 0])
        made = [
            step(stream, Controls("gold", control=video(stream.frames_wanted, n), seed=seed, references=(reference,)))
            for n in range(2)
        ]
        return torch.cat([chunk.frames for chunk in made], dim=2)

    largest = frames(2**63 - 1)
    assert torch.equal(largest, frames(2**63 - 1))
    assert not torch.equal(largest, frames(2**63 - 2))


@pytest.mark.parametrize(
    ("rule", "noise", "forwards"),
    [
        ({}, 0.3, 1),
        ({"full_video_steps": True}, 0.3, 4),
        ({}, 0.7, 2),
        ({"full_video_steps": True}, 0.7, 4),
        ({"full_video_steps": True}, 1.0, 4),
    ],
)
def test_a_chunk_from_a_video_runs_the_steps_below_its_noise_or_all(rule: dict, noise: float, forwards: int) -> None:
    stream, ran = Stream(model(**rule), HEIGHT, WIDTH), []
    stream.model.transformer.register_forward_hook(lambda *_: ran.append(1))
    step(stream, Controls("gold", video=video(stream.frames_wanted, 0), noise=noise))
    assert len(ran) == forwards
