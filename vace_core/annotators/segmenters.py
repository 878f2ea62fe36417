"""What finds a thing's pixels in camera pictures: each is called on frames and keeps its own state between calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from torch import Tensor

from ..plugins import MASKS, plugins
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
    """A fresh segmenter by name, ours or a plug-in's; ValueError naming the known ones otherwise."""
    makers = segmenters()
    if name not in makers:
        raise ValueError(f"unknown segmenter {name!r}: choose one of {', '.join(sorted(makers))}")
    return makers[name]()


def segmenters() -> dict[str, Callable[..., Segmenter]]:
    """What makes each segmenter on a `device`, and those of plug-ins."""
    return {**SEGMENTERS, **plugins(MASKS, _accept)}


def _accept(name: str, maker: object) -> Callable[..., Segmenter]:
    if name in SEGMENTERS:
        raise ValueError("a mask source of ours has that name")
    if not callable(maker):
        raise ValueError(f"it must make a segmenter when it is called, got {type(maker).__name__}")
    return cast("Callable[..., Segmenter]", maker)
