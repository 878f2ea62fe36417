"""Pictures as they come back from the autoencoder, the best that any output can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.pixels import pixels, video
from vace_core.model import Model


def reconstruct(model: Model, pictures: np.ndarray) -> np.ndarray:
    """A clip [F, H, W, 3] uint8, F of 1 + 4k."""
    return pixels(_through(model, video(pictures)))


def reconstruct_stills(model: Model, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Single pictures, each [1, H, W, 3] uint8."""
    made = _through(model, torch.cat([video(picture) for picture in pictures]))
    return [pixels(one[None]) for one in made]


@torch.inference_mode()
def _through(model: Model, video: Tensor) -> Tensor:
    latents, _ = model.autoencoder.encode(video.to(model.device))
    return model.autoencoder.decode(latents)[0]
