"""Person: the pixels of people."""

from __future__ import annotations

import torch
from torch import Tensor

from .subject import Subject


class Person:
    """Masks of people in a stream of frames."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._subject = Subject(device=device)

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> masks [1, 1, F, H, W] in 0..1."""
        return self._subject(frames)

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._subject.reset()
