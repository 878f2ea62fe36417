"""What segmenters share: masks of a stream of frames, as large as they are and held steady."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

NEW = 0.7
"""The share of a frame in its mask; the rest is the frames before, so that outlines do not flicker."""


class Steady:
    """Masks that follow what is seen within a frame or two."""

    def __init__(self) -> None:
        self._last: Tensor | None = None

    def update(self, masks: Tensor) -> Tensor:
        """masks [F, h, w] as they are seen -> the same, steadier."""
        out = []
        for mask in masks.unbind(0):
            self._last = mask if self._last is None or self._last.shape != mask.shape else self._last.lerp(mask, NEW)
            out.append(self._last)
        return torch.stack(out)

    def reset(self) -> None:
        self._last = None


class Segmenter(ABC):
    """Masks of whatever its network sees."""

    def __init__(self) -> None:
        self._steady = Steady()

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> masks [1, 1, F, H, W] in 0..1."""
        masks = functional.interpolate(self.coarse(frames)[:, None], size=frames.shape[3:], mode="bilinear")
        return masks.transpose(0, 1)[None].to(frames)

    @torch.inference_mode()
    def coarse(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> masks [F, h, w] in 0..1, as small as the network works."""
        return self._steady.update(self._seen(frames))

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._steady.reset()

    @abstractmethod
    def _seen(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> masks [F, h, w] in 0..1, each of its frame alone."""
