"""Masks as the transformer sees them: 64 channels, one for each pixel of an 8x8 cell (VACE's packing)."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from ..constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT


def pack_mask(mask: Tensor) -> Tensor:
    """Mask [B, 1, F, H, W] in 0..1 -> [B, 64, (F + 3) // 4, H/8, W/8]; channel = 8 * row in the cell + column.

    Values are kept as they are, soft ones too. Height and width are multiples of 16. In time the nearest source
    frame is taken for each latent frame (of 9: 1, 4, 7; of 12: 2, 6, 10).
    """
    frames, height, width = mask.shape[2:]
    cells = rearrange(mask[:, 0], "b f (h p) (w q) -> b (p q) f h w", p=PIXELS_PER_LATENT, q=PIXELS_PER_LATENT)
    size = ((frames + 3) // 4, height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)
    return functional.interpolate(cells, size=size, mode="nearest-exact")


def pack_chunk_mask(mask: Tensor) -> Tensor:
    """As `pack_mask`, for a chunk of a stream: where one begins (F = 1 + 4k), the first latent is frame 0 alone.

    The published rule takes frame 1 there, which the first latent does not show: an anchor on frame 0 would go unseen.
    """
    packed = pack_mask(mask)
    if mask.shape[2] % FRAMES_PER_LATENT == 1:
        packed[:, :, :1] = pack_mask(mask[:, :, :1])
    return packed


def kept_cells(mask: Tensor) -> Tensor:
    """Mask [B, 1, F, H, W] -> bool [B, 1, f, H/8, W/8]: the latent cells all of whose pixels and frames are kept."""
    generate = (mask > 0.5).float()
    if mask.shape[2] % FRAMES_PER_LATENT == 1:
        first = generate[:, :, :1].expand(-1, -1, FRAMES_PER_LATENT - 1, -1, -1)
        generate = torch.cat((first, generate), dim=2)
    return functional.max_pool3d(generate, (FRAMES_PER_LATENT, PIXELS_PER_LATENT, PIXELS_PER_LATENT)) == 0
