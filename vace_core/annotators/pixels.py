"""Frames as OpenCV wants them, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def pixels(frames: Tensor) -> np.ndarray:
    """frames [1, 3, F, H, W] in [-1, 1] -> RGB uint8 [F, H, W, 3] on the host."""
    return packed(frames).cpu().numpy()


def packed(frames: Tensor) -> Tensor:
    """frames [1, 3, F, H, W] in [-1, 1] -> RGB uint8 [F, H, W, 3], without leaving their device."""
    scaled = (frames[0].float() + 1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
    return scaled.permute(1, 2, 3, 0).contiguous()


def video(pictures: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """RGB uint8 [F, H, W, 3] -> frames [1, 3, F, H, W] in [-1, 1], made on the device that they are for."""
    return unpacked(torch.from_numpy(pictures).to(device))


def unpacked(pictures: Tensor) -> Tensor:
    """RGB or RGBA uint8 [F, H, W, 3 or 4] -> frames [1, 3, F, H, W] float32 in [-1, 1]; an alpha is left out."""
    planes = pictures.permute(3, 0, 1, 2)[None, :3].contiguous()
    return planes.float().div_(127.5).sub_(1)


def gray_pixels(frames: Tensor) -> np.ndarray:
    """frames [1, 3, F, H, W] in [-1, 1] -> lightness (Rec. 601) uint8 [F, H, W] on the host."""
    red, green, blue = frames[0].unbind(0)
    gray = (0.299 * red + 0.587 * green + 0.114 * blue + 1) * 127.5
    return gray.round_().clamp_(0, 255).to(torch.uint8).cpu().numpy()


def to_control(pictures: np.ndarray, frames: Tensor) -> Tensor:
    """[F, H, W, 3] or [F, H, W], uint8 in 0..255 or float32 in 0..1 -> the control [1, 3, F, H, W] in [-1, 1].

    It lands on the device of the frames that it was made from, in their dtype.
    """
    control = torch.from_numpy(pictures).to(frames.device)
    control = control[None] if control.ndim == 3 else control.permute(3, 0, 1, 2).contiguous()
    control = control.to(frames.dtype) / 127.5 - 1 if pictures.dtype == np.uint8 else (control * 2 - 1).to(frames.dtype)
    return control[None].expand(1, 3, -1, -1, -1).contiguous()
