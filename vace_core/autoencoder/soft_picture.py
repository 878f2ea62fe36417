"""Latents to a soft picture by one matrix: the colours and the light of the pocket's decoder, to which layers add."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from ..constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT
from .block_transform import BlockTransform

PARTS = 2
"""A latent's square is known by the means of so many parts across and down."""
_GRID = {"t": FRAMES_PER_LATENT, "y": PARTS, "x": PARTS}


class SoftPicture(nn.Module):
    """Means of quarter squares, between which the picture passes smoothly: where neighbours disagree, no edge shows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.means = nn.Linear(channels, FRAMES_PER_LATENT * PARTS * PARTS * 3)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, C, f, h, w] -> pixels [B, 3, 4f, 8h, 8w], in about 0..1."""
        means = self.means(latents.movedim(1, -1))
        small = rearrange(means, "b f h w (t y x c) -> (b f t) c (h y) (w x)", **_GRID, c=3)
        large = functional.interpolate(small, scale_factor=PIXELS_PER_LATENT // PARTS, mode="bilinear")
        return rearrange(large, "(b f) c h w -> b c f h w", b=len(latents))

    @torch.no_grad()
    def fit(self, transform: BlockTransform) -> None:
        """Begin with the means of the squares that a transform makes these latents of."""
        up = torch.linalg.pinv(transform.down.weight.double())
        size = PIXELS_PER_LATENT // PARTS
        block = {**_GRID, "p": size, "q": size, "c": 3}
        means = rearrange(up, "(t y p x q c) k -> t y x c k p q", **block).mean(dim=(-1, -2)).flatten(0, 3)
        self.means.weight.copy_(means)
        self.means.bias.copy_(-means @ transform.down.bias.double())
