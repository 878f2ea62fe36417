"""Scribble: soft thick outlines, white on black, by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from torch import Tensor

from .level import RunningLevel, level_of
from .pixels import pixels, to_control

STRONGEST = 0.93
"""The share of a picture's pixels whose edges are weaker than what sets its level."""


class Scribble:
    """Outlines of a stream of frames. The strength at which an edge becomes a line follows the picture slowly."""

    def __init__(self) -> None:
        self._level = RunningLevel[float]()

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> lines [1, 3, F, H, W] in [-1, 1] (1 = line)."""
        return to_control(np.stack([self.draw(picture) for picture in pixels(frames)]), frames)

    def draw(self, picture: np.ndarray) -> np.ndarray:
        """One picture [H, W, 3] uint8 -> its lines [H, W] float32 in 0..1."""
        quiet = cv2.GaussianBlur(cv2.medianBlur(picture, 5), (0, 0), 0.8).astype(np.float32)
        across = cv2.Sobel(quiet, cv2.CV_32F, 1, 0, ksize=3)
        down = cv2.Sobel(quiet, cv2.CV_32F, 0, 1, ksize=3)
        # The root of the largest square is the largest magnitude. cv2.magnitude itself rounds the last bit by where in
        # memory a picture happens to lie.
        cv2.multiply(across, across, dst=across)
        cv2.multiply(down, down, dst=down)
        red, green, blue = cv2.split(cv2.add(across, down, dst=across))
        strength = cv2.sqrt(cv2.max(cv2.max(red, green), blue))
        usual = max(self._level.update(level_of(strength[::2, ::2], STRONGEST)), 24.0)
        lines = np.clip((strength / np.float32(usual) - 0.35) / 0.5, 0.0, 1.0)
        return np.clip(cv2.GaussianBlur(lines, (0, 0), 0.7) * 1.15, 0.0, 1.0)

    def reset(self) -> None:
        """Forget the level, as after a cut."""
        self._level.reset()
