"""A mask source: a disc in the middle, which is restyled."""

from __future__ import annotations

import torch
from torch import Tensor

RADIUS = 0.8
"""In halves of the shorter side."""


class CenterDisc:
    """A `vace_core.annotators.segmenters.Segmenter`."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = device

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] -> masks [1, 1, F, H, W], 1 in the disc, else 0."""
        count, height, width = frames.shape[2:]
        y = torch.arange(height, device=self._device) - (height - 1) / 2
        x = torch.arange(width, device=self._device) - (width - 1) / 2
        disc = (y[:, None].square() + x.square()).sqrt() < RADIUS * min(height, width) / 2
        return disc.float().expand(1, 1, count, height, width)

    def reset(self) -> None:
        """Nothing to forget."""
