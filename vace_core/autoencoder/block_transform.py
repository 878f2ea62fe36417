"""Four frames of 8x8 pixels to a latent by one matrix: the pocket's encoder."""

from __future__ import annotations

from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn

from ..constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT

_BLOCK = {"t": FRAMES_PER_LATENT, "y": PIXELS_PER_LATENT, "x": PIXELS_PER_LATENT}
_VALUES = FRAMES_PER_LATENT * PIXELS_PER_LATENT * PIXELS_PER_LATENT * 3
_EVENNESS = 0.8
"""Channels differ in strength as components do to the power of what is left of 1: fine ones must be heard, too."""


class BlockTransform(nn.Module):
    """A matrix that `fit` sets to a principal component analysis of data, and that no training changes.

    The best that is linear, at once and for little, and easy to generate: latents are as smooth as the pictures. The
    way back is left to the decoder's layers: a matrix there would show every disagreement between neighbours as a
    square.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.Linear(_VALUES, channels).requires_grad_(False)

    def forward(self, unit: Tensor) -> Tensor:
        """Pixels [B, 3, 4f, 8h, 8w] in 0..1 -> latents [B, C, f, h, w]."""
        return self.down(_blocks(unit)).movedim(-1, 1)

    @torch.no_grad()
    def fit(self, unit: Tensor) -> None:
        """Set the matrix from sample clips [B, 3, 4f, 8h, 8w] in 0..1; latents of such data vary by about 1."""
        rows = _blocks(unit).flatten(0, -2).double()
        mean = rows.mean(dim=0)
        strengths, directions = torch.linalg.eigh(torch.cov((rows - mean).T))
        channels = self.down.out_features
        directions = directions.flip(1)[:, :channels]
        deviation = strengths.flip(0)[:channels].clamp_min(1e-12).sqrt()
        wanted = deviation ** (1 - _EVENNESS)
        spread = deviation / (wanted / wanted.square().mean().sqrt())
        down = (directions / spread).T
        self.down.weight.copy_(down)
        cast(Tensor, self.down.bias).copy_(-down @ mean)


def _blocks(unit: Tensor) -> Tensor:
    return rearrange(unit, "b c (f t) (h y) (w x) -> b f h w (t y x c)", **_BLOCK)
