"""Scribble: soft thick outlines, white on black, by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from .level import RunningLevel


class Scribble:
    """Outlines of a stream of frames. The strength at which an edge becomes a line follows the picture slowly."""

    def __init__(self) -> None:
        self._level = RunningLevel[float]()

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> lines [1, 3, F, H, W] in [-1, 1] (1 = line)."""
        pixels = ((frames[0].permute(1, 2, 3, 0) + 1) * 127.5).clamp(0, 255).to(torch.uint8).cpu().numpy()
        lines = np.stack([self.draw(picture) for picture in pixels])
        video = torch.from_numpy(lines).to(frames) * 2 - 1
        return video[None, None].expand(1, 3, -1, -1, -1).contiguous()

    def draw(self, picture: np.ndarray) -> np.ndarray:
        """One picture [H, W, 3] uint8 -> its lines [H, W] float32 in 0..1."""
        quiet = cv2.GaussianBlur(cv2.medianBlur(picture, 5), (0, 0), 0.8).astype(np.float32)
        across = cv2.Sobel(quiet, cv2.CV_32F, 1, 0, ksize=3)
        down = cv2.Sobel(quiet, cv2.CV_32F, 0, 1, ksize=3)
        strength = np.sqrt((across * across + down * down).max(axis=-1))
        usual = max(self._level.follow(float(np.quantile(strength[::2, ::2], 0.93))), 24.0)
        lines = np.clip((strength / usual - 0.35) / 0.5, 0.0, 1.0)
        return np.clip(cv2.GaussianBlur(lines, (0, 0), 0.7) * 1.15, 0.0, 1.0)

    def reset(self) -> None:
        """Forget the level, as after a cut."""
        self._level.reset()
