"""Frames as arrays, made into the tensors that a stream takes.

The one place in the backend for it. It lies in the engine because it needs torch, and `backend.imaging`, which the
front uses too, has none. The formula itself, and the way back (`pixels`), are those of `vace_core.annotators.pixels`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.pixels import video


def to_video(frames: Sequence[np.ndarray], device: torch.device | str) -> Tensor:
    """uint8 RGB or RGBA `[H, W, 3 or 4]` each -> `[1, 3, F, H, W]` float32 in [-1, 1]; an alpha is left out."""
    return video(np.stack([frame[..., :3] for frame in frames]), device)


def to_still(picture: np.ndarray, device: torch.device | str) -> Tensor:
    """uint8 RGB or RGBA `[H, W, 3 or 4]` -> `[3, H, W]` float32 in [-1, 1]; an alpha is left out."""
    return to_video([picture], device)[0, :, 0]


def extremes(*tensors: Tensor | None) -> Tensor:
    """The least and the greatest value of each, on their device, without waiting for it; NaN where one value is."""
    found = [extreme.float() for tensor in tensors if tensor is not None for extreme in torch.aminmax(tensor)]
    return torch.stack(found)
