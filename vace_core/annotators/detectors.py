"""What finds things in camera pictures, as boxes with names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor

from .boxes import Box
from .subject import Subject

SMALLEST = 0.01
"""Things smaller than this part of the picture are left out: they are mostly grain."""


class Detector(Protocol):
    """Finds things of the classes that it knows. names: those classes."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def detect(self, frames: Tensor) -> list[list[Box]]:
        """frames [1, 3, F, H, W] in [-1, 1] -> for each of the F frames its boxes, in its pixels."""
        ...

    def reset(self) -> None:
        """Forget earlier frames, as after a cut."""
        ...


def class_named(wanted: str, names: Sequence[str]) -> str:
    """The class of a detector that `wanted` means, whatever its case; ValueError naming near ones otherwise."""
    by_name = {name.lower(): name for name in names}
    found = by_name.get(wanted.strip().lower())
    if found is not None:
        return found
    near = difflib.get_close_matches(wanted.strip().lower(), by_name, n=3, cutoff=0.5)
    some = ", ".join(by_name[name] for name in near) or ", ".join(list(names)[:8]) + (", ..." if len(names) > 8 else "")
    raise ValueError(f"the detector knows no {wanted!r}; {'did you mean' if near else 'it knows'} {some}")


class Things:
    """Everything that stands out from its ground, with the bundled network: one class, "thing"."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._subject = Subject(device=device)

    @property
    def names(self) -> tuple[str, ...]:
        return ("thing",)

    def detect(self, frames: Tensor) -> list[list[Box]]:
        """frames [1, 3, F, H, W] in [-1, 1] -> the boxes of each frame, the largest first."""
        height, width = frames.shape[3:]
        masks = (self._subject.coarse(frames) > 0.5).to(torch.uint8).cpu().numpy()
        return [_parts(mask, height, width) for mask in masks]

    def reset(self) -> None:
        self._subject.reset()


def _parts(mask: np.ndarray, height: int, width: int) -> list[Box]:
    """The connected parts of a coarse mask [h, w] of 0 and 1, as boxes in pixels of the whole picture."""
    count, _, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    down, across = height / mask.shape[0], width / mask.shape[1]
    boxes = []
    for left, top, wide, high, area in statistics[1:count]:
        if area >= SMALLEST * mask.size:
            right, bottom = left + wide, top + high
            boxes.append(Box(left * across, top * down, right * across, bottom * down, "thing"))
    return sorted(boxes, key=lambda box: -box.area)
