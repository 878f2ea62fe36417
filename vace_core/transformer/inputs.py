"""What the transformer is given beside latents, embedded once and passed to every forward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Time:
    """A timestep, embedded and with each layer's modulation added; f = 1 where all latent frames share it."""

    head: Tensor
    """Shift and 1 + scale of the head [B, f, 2, D]."""
    blocks: Tensor
    """`block.modulations` of the main blocks [layers, B, f, 6, D]."""
    context: Tensor
    """Those of the context blocks."""

    @staticmethod
    def cat(times: Sequence[Time], dim: int) -> Time:
        """Those of several rows (dim 0) or of several latent frames (dim 1) as one."""
        return Time(
            torch.cat([time.head for time in times], dim),
            torch.cat([time.blocks for time in times], dim + 1),
            torch.cat([time.context for time in times], dim + 1),
        )


@dataclass(frozen=True)
class Prompt:
    """Keys and values [B, H, L, head] of the prompt for each main and each context block; B = 1 where rows share it."""

    main: tuple[tuple[Tensor, Tensor], ...]
    context: tuple[tuple[Tensor, Tensor], ...]

    def nbytes(self) -> int:
        return sum(keys.nbytes + values.nbytes for keys, values in (*self.main, *self.context))


@dataclass(frozen=True)
class References:
    """n reference frames, embedded: they change with the pictures only."""

    tokens: Tensor
    """`before_proj(patch(context))` [B, n * T, D]."""
    clean: Tensor
    """Main-path embedding [B, n * T, D]: in the context blocks it stands in for the noisy chunk's."""
    weight: Tensor | None = None
    """Log of each reference's strength [1, 1, 1, n * T], added to the logits of its keys; None where all are 1."""

    def weight_before(self, tokens: Tensor) -> Tensor | None:
        """The weight where other frames' tokens, which count as they are, come behind.

        A weight is of all tokens of a frame, while of several ranks each holds a share of the tokens.
        """
        if self.weight is None:
            return None
        return nn.functional.pad(self.weight, (0, tokens.shape[1] * self.weight.shape[-1] // self.tokens.shape[1]))


@dataclass(frozen=True)
class Context:
    """`before_proj(patch(context))` of a chunk [B, f * T, D], and the references beside it.

    Where the chunk's own first frames are references (batch VACE), they are among its tokens, and `references` is None.
    """

    tokens: Tensor
    references: References | None = None
    weight: Tensor | None = None
    """Added to the logits of the keys of all frames [1, 1, 1, f * T]; None where they count alike."""

    def behind(self, references: References) -> Context:
        """This chunk's, with references as frames of its own before it."""
        tokens = torch.cat((references.tokens, self.tokens), dim=1)
        return Context(tokens, None, references.weight_before(self.tokens))


def log_weight(strengths: Sequence[float], per_frame: int, like: Tensor) -> Tensor | None:
    """Strengths, one a frame, as what is added to the logits of its keys [1, 1, 1, n * T]; None where all are 1."""
    if all(strength == 1.0 for strength in strengths):
        return None
    weight = like.new_zeros((1, 1, 1, len(strengths) * per_frame))
    for own, strength in zip(weight.split(per_frame, dim=-1), strengths, strict=True):
        own.fill_(math.log(strength) if strength > 0 else -math.inf)
    return weight
