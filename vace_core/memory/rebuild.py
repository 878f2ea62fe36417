"""Krea Realtime's memory: nothing is carried over, a few clean frames are looked at again before every chunk."""

from __future__ import annotations

import torch
from torch import Tensor

from ..autoencoder import Autoencoder
from ..config import Pipeline


def frames_to_rebuild_from(
    history: Tensor, made: int, pipeline: Pipeline, shown: Tensor, autoencoder: Autoencoder
) -> Tensor:
    """Clean latents [1, C, `rebuild` or fewer, h, w]: a first frame, then the latest.

    history [1, C, window, h, w]: the last latents, of `made` in all. shown [1, 3, F, H, W]: the pictures of as many
    latents as are wanted. While the stream's own first latent is still near, it is the first; later it is the oldest
    picture of those, encoded alone. So the memory always looks like the beginning of a clip, which the model was
    trained on, and errors do not pile up.
    """
    wanted, window = pipeline.rebuild, pipeline.window
    if made <= wanted:
        return history[:, :, window - made :]
    if made - pipeline.chunk < wanted:
        first = history[:, :, window - made : window - made + 1]
    else:
        first, _ = autoencoder.encode(shown[:, :, :1])
    return torch.cat((first.to(history.dtype), history[:, :, window - wanted + 1 :]), dim=2)
