"""What finds a thing's pixels in camera pictures: each is called on frames and keeps its own state between calls."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from .person import Person
from .subject import Subject


class Segmenter(Protocol):
    """frames [1, 3, F, H, W] in [-1, 1] -> masks [1, 1, F, H, W] in 0..1, 1 = the thing; on the frames' device."""

    def __call__(self, frames: Tensor) -> Tensor: ...

    def reset(self) -> None:
        """Forget earlier frames, as after a cut."""
        ...


SEGMENTERS = {"person": Person, "subject": Subject}


def segmenter(name: str) -> Segmenter:
    """A fresh segmenter by name; ValueError naming the known ones otherwise."""
    if name not in SEGMENTERS:
        raise ValueError(f"unknown segmenter {name!r}: choose one of {', '.join(sorted(SEGMENTERS))}")
    return SEGMENTERS[name]()
