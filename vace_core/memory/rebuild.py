"""Krea Realtime's memory: nothing is carried over, a few clean frames are looked at again before every chunk."""

from __future__ import annotations

import torch
from torch import Tensor

from ..autoencoder import Autoencoder
from ..config import Pipeline


def frames_to_rebuild_from(
    history: Tensor, latent_frames: int, pipeline: Pipeline, recent_frames: Tensor, autoencoder: Autoencoder
) -> Tensor:
    """Clean latents [1, C, `rebuild` or fewer, h, w]: a first frame, then the latest.

    history [1, C, window, h, w]: the last latents, of `latent_frames` in all. recent_frames [1, 3, F, H, W] in
    [-1, 1]: those decoded from the last `rebuild` latents. While the stream's own first latent is still near, it is the
    first; later it is the oldest of the recent frames, encoded alone. So the memory always looks like the beginning of
    a clip, which the model was trained on, and errors do not pile up.
    """
    wanted, window = pipeline.rebuild, pipeline.window
    if latent_frames <= wanted:
        return history[:, :, window - latent_frames :]
    if latent_frames - pipeline.chunk < wanted:
        first = history[:, :, window - latent_frames : window - latent_frames + 1]
    else:
        first, _ = autoencoder.encode(recent_frames[:, :, :1])
    return torch.cat((first.to(history.dtype), history[:, :, window - wanted + 1 :]), dim=2)
