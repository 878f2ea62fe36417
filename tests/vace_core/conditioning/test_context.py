"""The 96-channel context: streams that do not contaminate each other, and what is computed once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.vace_core.small import tiny_autoencoder
from vace_core.conditioning import (
    ContextState,
    EncodedReferences,
    Reference,
    encode_context,
    infer_mode,
    pack_mask,
    with_anchors,
)
from vace_core.controls import Controls

HEIGHT, WIDTH = 16, 32


def video(frames: int, seed: int, channels: int = 3) -> Tensor:
    shape = (1, channels, frames, HEIGHT, WIDTH)
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def gray(frames: int) -> Tensor:
    return torch.zeros(1, 3, frames, HEIGHT, WIDTH)


class Counting:
    """An autoencoder that counts the videos it is given."""

    def __init__(self) -> None:
        self.inner = tiny_autoencoder()
        self.latent_channels = self.inner.latent_channels
        self.encoder_memory = self.inner.encoder_memory
        self.calls = 0

    def encode(self, pixels: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        self.calls += 1
        return self.inner.encode(pixels, state)

    def decode(self, latents: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        return self.inner.decode(latents, state)


@torch.no_grad()
def test_control_goes_through_the_reactive_stream_and_its_state_goes_on() -> None:
    autoencoder = tiny_autoencoder()
    control = video(21, 0)
    whole, _ = autoencoder.encode(control)
    state, parts = ContextState(), []
    for frames in (slice(0, 9), slice(9, 21)):
        piece = control[:, :, frames]
        context, state = encode_context(autoencoder, piece, None, None, state, torch.zeros_like(piece))
        parts.append(context)
    streamed = torch.cat(parts, dim=2)
    assert streamed.shape == (1, 96, 6, 2, 4)
    torch.testing.assert_close(streamed[:, 16:32], whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(streamed[:, :16], autoencoder.encode(gray(21))[0], atol=1e-5, rtol=1e-5)
    assert (streamed[:, 32:] == 1).all()


@torch.no_grad()
def test_the_inactive_stream_is_what_it_would_be_without_the_reactive_one() -> None:
    autoencoder = tiny_autoencoder()
    source, mask = video(21, 0), (video(21, 1, channels=1) > 0).float()
    alone, _ = autoencoder.encode(source * (1 - mask))
    for control in (None, video(21, 2)):
        state, parts = ContextState(), []
        for frames in (slice(0, 9), slice(9, 21)):
            piece = None if control is None else control[:, :, frames]
            part = (source[:, :, frames], mask[:, :, frames])
            context, state = encode_context(autoencoder, piece, *part, state, torch.zeros_like(part[0]))
            parts.append(context[:, :16])
        torch.testing.assert_close(torch.cat(parts, dim=2), alone, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_with_a_mask_the_reactive_stream_starts_afresh_in_each_chunk_and_in_step() -> None:
    """Table 4: what the chunk before showed must not ghost into this one."""
    autoencoder = tiny_autoencoder()
    mask = torch.ones(1, 1, 12, HEIGHT, WIDTH)
    mask[..., : WIDTH // 2] = 0
    reactive = []
    for seed in (1, 2):
        state = ContextState()
        first = (video(9, seed), video(9, seed + 10), mask[:, :, :9])
        _, state = encode_context(autoencoder, *first, state, gray(9))
        second = (video(12, 5), video(12, 6), mask)
        context, _ = encode_context(autoencoder, *second, state, gray(12))
        reactive.append(context[:, 16:32])
    torch.testing.assert_close(*reactive, atol=0, rtol=0)
    frames = video(12, 5) * mask
    _, primed = autoencoder.encode(frames[:, :, :1])
    torch.testing.assert_close(reactive[0], autoencoder.encode(frames, primed)[0])


@torch.no_grad()
def test_gray_is_encoded_until_it_has_settled_and_then_no_more() -> None:
    counting, plain = Counting(), tiny_autoencoder()
    state, reference = ContextState(), None
    settled_after = None
    for n in range(8):
        frames = 12 if n else 9
        before = counting.calls
        context, state = encode_context(counting, video(frames, n), None, None, state, gray(frames))
        expected, reference = plain.encode(gray(frames), reference)
        torch.testing.assert_close(context[:, :16], expected, atol=0, rtol=0)
        if counting.calls - before == 1 and settled_after is None:
            settled_after = n
    assert settled_after is not None
    assert settled_after <= 4


@torch.no_grad()
def test_references_are_encoded_alone_with_nothing_to_follow() -> None:
    autoencoder = tiny_autoencoder()
    pictures = [video(1, seed)[0, :, 0] for seed in (0, 1)]
    references = EncodedReferences().encode(autoencoder, [Reference(picture) for picture in pictures])
    assert references.shape == (1, 96, 2, 2, 4)
    for n, picture in enumerate(pictures):
        torch.testing.assert_close(references[:, :16, n : n + 1], autoencoder.encode(picture[None, :, None])[0])
    assert (references[:, 16:] == 0).all()


@torch.no_grad()
def test_of_references_that_change_only_the_new_ones_are_encoded() -> None:
    counting = Counting()
    one, two, three = (Reference(video(1, seed)[0, :, 0]) for seed in range(3))
    encoded = EncodedReferences()
    first = encoded.encode(counting, [one, two])
    assert counting.calls == 2
    second = encoded.encode(counting, [two, replace(one, strength=0.5), three])
    assert counting.calls == 3
    torch.testing.assert_close(second[:, :, 0], first[:, :, 1], atol=0, rtol=0)
    torch.testing.assert_close(second[:, :, 1], first[:, :, 0], atol=0, rtol=0)


@torch.no_grad()
def test_a_context_of_references_alone_becomes_the_very_same_one() -> None:
    autoencoder, state, seen = tiny_autoencoder(), ContextState(), []
    for n in range(8):
        context, state = encode_context(autoencoder, None, None, None, state, gray(12 if n else 9))
        seen.append(context)
    assert seen[-1] is seen[-2]
    assert (seen[-1][:, 32:] == 1).all()


def test_a_packed_mask_keeps_every_pixel_of_its_frame() -> None:
    mask = torch.rand(1, 1, 9, HEIGHT, WIDTH)
    packed = pack_mask(mask)
    assert packed.shape == (1, 64, 3, 2, 4)
    for latent, frame in enumerate((1, 4, 7)):
        assert packed[0, 8 * 3 + 5, latent, 1, 2] == mask[0, 0, frame, 8 + 3, 16 + 5]


def test_anchors_cover_the_frames_of_their_latent_and_nothing_else() -> None:
    first, last = video(1, 0)[0, :, 0], video(1, 1)[0, :, 0]
    for frames, leading in ((9, 1), (12, 4)):
        source, mask = with_anchors(None, None, first, last, gray(frames))
        assert source is not None
        assert mask is not None
        assert mask[0, 0, :, 0, 0].tolist() == [0] * leading + [1] * (frames - leading - 4) + [0] * 4
        torch.testing.assert_close(source[0, :, 0], first)
        torch.testing.assert_close(source[0, :, -1], last)
        assert (source[:, :, leading:-4] == 0).all()
    assert with_anchors(None, None, None, None, gray(9)) == (None, None)


@torch.no_grad()
def test_an_anchor_is_preserved_on_its_own_latent_in_the_first_chunk_too() -> None:
    first, last = video(1, 0)[0, :, 0], video(1, 1)[0, :, 0]
    for frames in (9, 12):
        source, mask = with_anchors(None, None, first, last, gray(frames))
        context, _ = encode_context(tiny_autoencoder(), None, source, mask, ContextState(), gray(frames))
        assert context[0, 32:].amin(dim=(0, 2, 3)).tolist() == [0, 1, 0]
        assert context[0, 32:].amax(dim=(0, 2, 3)).tolist() == [0, 1, 0]


def test_the_mode_is_what_is_given() -> None:
    frames, mask, picture = video(9, 0), video(9, 0, channels=1), video(1, 0)[0, :, 0]
    assert infer_mode(Controls()) == "text"
    assert infer_mode(Controls(control=frames)) == "control"
    assert infer_mode(Controls(source=frames, mask=mask)) == "inpainting"
    assert infer_mode(Controls(first=picture)) == infer_mode(Controls(last=picture)) == "extension"
    assert infer_mode(Controls(references=(Reference(picture),))) == "reference"
    everything = Controls(control=frames, source=frames, mask=mask, first=picture, references=(Reference(picture),))
    assert infer_mode(everything) == "control+inpainting+extension+reference"


def test_what_contradicts_itself_is_named() -> None:
    with pytest.raises(ValueError, match="a mask needs a source"):
        infer_mode(Controls(mask=video(9, 0, channels=1)))
    with pytest.raises(ValueError, match=r"0 to 2, got -0\.1"):
        infer_mode(Controls(scale=-0.1))
