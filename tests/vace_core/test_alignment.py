"""Latent n of a context stands for frames 4n - 3 to 4n of the show, in every mode, whatever was shown before.

An autoencoder that does not see pictures but tells which frames each latent was made from goes through the real
`encode_context`. References must neither shift nor shorten what the control says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from tests.vace_core.small import model, step
from vace_core.autoencoder import Autoencoder
from vace_core.conditioning import ContextState, Reference, encode_context, with_anchors
from vace_core.config import PIPELINES
from vace_core.controls import Controls
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 32
CELL = 8
SIZES = {"most pipelines": (9, 12), "one latent frame a chunk": (5, 4)}
ANCHOR = 0.999
OF = 1000
"""A frame's pixels are its number, from 1, over this; grey is 0."""


class Telling:
    """Latents whose first two channels are the lowest and highest number among the frames that they stand for.

    It keeps to what `Autoencoder` demands: 1 + 4k frames where a stream begins, 4k where one goes on.
    """

    latent_channels = 16
    encoder_memory = 2

    def encode(self, pixels: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        frames = pixels.shape[2]
        assert frames % 4 == (1 if state is None else 0), (frames, state)
        if state is None:
            pixels = torch.cat((pixels[:, :, :1].expand(-1, -1, 3, -1, -1), pixels), dim=2)
        cells = pixels[:, 0].unfold(2, CELL, CELL).unfold(3, CELL, CELL).amax((-1, -2))  # [B, F, h, w]
        groups = cells.unflatten(1, (-1, 4))
        latents = torch.zeros(1, 16, groups.shape[1], *cells.shape[2:])
        latents[:, 0], latents[:, 1] = groups.amin(2), groups.amax(2)
        return latents, "goes on"

    def decode(self, latents: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        frames = 4 * latents.shape[2] - (3 if state is None else 0)
        return torch.zeros(1, 3, frames, 8 * latents.shape[3], 8 * latents.shape[4]), "goes on"


def video(span: range) -> Tensor:
    tones = torch.tensor([(number + 1) / OF for number in span])
    return tones[None, None, :, None, None].expand(1, 3, -1, HEIGHT, WIDTH)


def half(frames: int) -> Tensor:
    """A mask [1, 1, F, H, W]: the right half is generated."""
    mask = torch.zeros(1, 1, frames, HEIGHT, WIDTH)
    mask[..., WIDTH // 2 :] = 1
    return mask


def border(frames: int) -> Tensor:
    """A mask that generates all but the middle, as for a larger canvas."""
    mask = torch.ones(1, 1, frames, HEIGHT, WIDTH)
    mask[..., 8:-8, 8:-8] = 0
    return mask


PARTS = ("control", "inpainting", "outpainting", "first", "last", "references")
MIXES = [frozenset()] + [frozenset(mix) for n in (1, 2, 3) for mix in combinations(PARTS, n)]


def possible(mix: frozenset[str], frames: int) -> bool:
    """What can go together: one mask, and no chunk of one latent frame that begins and ends with a picture."""
    return not {"inpainting", "outpainting"} <= mix and not ({"first", "last"} <= mix and frames <= 4)


@dataclass(frozen=True)
class Wanted:
    """A chunk's controls, and the frames that it is of."""

    span: range
    mix: frozenset[str]

    def controls(self) -> Controls:
        frames, seen = len(self.span), video(self.span)
        mask = half(frames) if "inpainting" in self.mix else border(frames) if "outpainting" in self.mix else None
        still = torch.full((3, HEIGHT, WIDTH), ANCHOR)
        return Controls(
            control=seen if "control" in self.mix else None,
            source=None if mask is None else seen,
            mask=mask,
            references=(Reference(still), Reference(-still)) if "references" in self.mix else (),
            first=still if "first" in self.mix else None,
            last=still if "last" in self.mix else None,
        )


def spans(sizes: tuple[int, int], chunks: int) -> list[range]:
    ends = [sizes[0] + n * sizes[1] for n in range(chunks)]
    return [range(end - size, end) for end, size in zip(ends, [sizes[0], *[sizes[1]] * (chunks - 1)], strict=True)]


def stands_for(span: range, n: int) -> tuple[float, float]:
    """The lowest and highest tone of the frames of a chunk's latent n; latent 0 of a stream is frame 0 alone."""
    last = span.start + (4 * n if len(span) % 4 else 4 * n + 3)
    return (max(span.start, last - 3) + 1) / OF, (last + 1) / OF


def require_aligned(context: Tensor, wanted: Wanted) -> None:
    """Every latent of both streams and of the mask stands for its own frames."""
    controls, latents = wanted.controls(), (len(wanted.span) + 3) // 4
    assert context.shape == (1, 96, latents, HEIGHT // 8, WIDTH // 8)
    ones = torch.ones(HEIGHT // 8, WIDTH // 8)
    generated = ones if controls.mask is None else controls.mask[0, 0, 0, ::CELL, ::CELL]
    anchored = {n for n, still in ((0, controls.first), (latents - 1, controls.last)) if still is not None}
    for n in range(latents):
        tones = stands_for(wanted.span, n)
        if n in anchored:
            inactive, reactive, mask = [ANCHOR * ones] * 2, [0 * ones] * 2, 0 * ones
        else:
            inactive, mask = [tone * (1 - generated) for tone in tones], generated
            reactive = [tone * generated * (controls.control is not None) for tone in tones]
        for at, expected in ((0, torch.stack(inactive)), (16, torch.stack(reactive)), (32, mask.expand(64, -1, -1))):
            torch.testing.assert_close(context[0, at : at + len(expected), n], expected, atol=1e-6, rtol=0)


def encoded(wanted: Wanted, state: ContextState) -> tuple[Tensor, ContextState]:
    controls, gray = wanted.controls(), torch.zeros(1, 3, len(wanted.span), HEIGHT, WIDTH)
    source, mask = with_anchors(controls.source, controls.mask, controls.first, controls.last, gray)
    return encode_context(cast(Autoencoder, Telling()), controls.control, source, mask, state, gray)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_every_mix_is_aligned_from_the_first_frame_on(sizes: tuple[int, int]) -> None:
    for mix in MIXES:
        if possible(mix, sizes[1]):
            state = ContextState()
            for span in spans(sizes, 4):
                context, state = encoded(Wanted(span, mix), state)
                require_aligned(context, Wanted(span, mix))


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_every_mix_is_aligned_in_the_chunk_after_every_other(sizes: tuple[int, int]) -> None:
    """Streams that begin in the middle of a show, or go on after a pause, stay in step with those that did not."""
    mixes = [mix for mix in MIXES if len(mix) < 3 and possible(mix, sizes[1])]
    for before, after in product(mixes, mixes):
        state = ContextState()
        for span, mix in zip(spans(sizes, 3), (before, after, after), strict=True):
            context, state = encoded(Wanted(span, mix), state)
            require_aligned(context, Wanted(span, mix))


@pytest.mark.parametrize("name", ["longlive", "streamdiffusion-v2"])
def test_references_neither_shift_nor_shorten_the_control(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the stream itself: what is embedded as the chunk's context is the same with and without them."""
    weights = replace(model(PIPELINES[name]), autoencoder=cast(Autoencoder, Telling()))
    embed, seen = weights.transformer.embed_context, []

    def noted(latents: Tensor, *rest: Any) -> Any:
        seen.append(latents)
        return embed(latents, *rest)

    monkeypatch.setattr(weights.transformer, "embed_context", noted)
    for mode in ("paper", "slot", "joint"):
        stream, at = Stream(weights, HEIGHT, WIDTH), 0
        for n in range(6):
            span = range(at, at + stream.frames_wanted)
            at = span.stop
            wanted = Wanted(span, frozenset({"control", "references"} if n % 3 else {"control"}))
            made = step(stream, replace(wanted.controls(), reference_mode=mode))
            assert made.frames.shape[2] == len(span)
            require_aligned(seen[-1], wanted)
    assert len(seen) == 18
