"""Extension: pictures that a chunk begins or ends with, preserved by the mask on their own latent frame."""

from __future__ import annotations

import torch
from torch import Tensor

from ..constants import FRAMES_PER_LATENT


def with_anchors(
    source: Tensor | None, mask: Tensor | None, first: Tensor | None, last: Tensor | None, gray: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Source [B, 3, F, H, W] and mask [B, 1, F, H, W] with anchors [3, H, W] laid over the frames they stand for.

    The first latent frame covers one frame where a stream begins (F = 1 + 4k) and four later; the last always four.
    Without anchors both come back as they are.
    """
    if first is None and last is None:
        return source, mask
    source = (gray if source is None else source).clone()
    mask = (torch.ones_like(gray[:, :1]) if mask is None else mask).clone()
    leading = gray.shape[2] % FRAMES_PER_LATENT or FRAMES_PER_LATENT
    if first is not None:
        source[:, :, :leading] = first[:, None]
        mask[:, :, :leading] = 0
    if last is not None:
        source[:, :, -FRAMES_PER_LATENT:] = last[:, None]
        mask[:, :, -FRAMES_PER_LATENT:] = 0
    return source, mask
