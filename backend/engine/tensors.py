"""Frames as arrays, made into the tensors that a stream takes.

It lies in the engine because it needs torch, and `backend.imaging`, which the front uses too, has none. The formula
itself, and the way back, are those of `vace_core.annotators.pixels`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .frame_upload import FrameUpload


def to_still(picture: np.ndarray, device: torch.device | str) -> Tensor:
    """uint8 RGB or RGBA `[H, W, 3 or 4]` -> `[3, H, W]` float32 in [-1, 1]; an alpha is left out."""
    return FrameUpload(device)([picture])[0, :, 0]


def extremes(*tensors: Tensor | None) -> Tensor:
    """The least and the greatest value of each, on their device, without waiting for it; NaN where one value is."""
    found = [extreme.float() for tensor in tensors if tensor is not None for extreme in torch.aminmax(tensor)]
    return torch.stack(found)
