"""What turns camera pictures into controls: each is called on frames and keeps its own state between calls."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from .depth import Depth
from .flow import Flow
from .gray import Gray
from .layout import Layout
from .pose import Pose
from .scribble import Scribble


class Annotator(Protocol):
    """frames [1, 3, F, H, W] in [-1, 1] -> the control [1, 3, F, H, W] in [-1, 1]."""

    def __call__(self, frames: Tensor) -> Tensor: ...

    def reset(self) -> None:
        """Forget earlier frames, as after a cut."""
        ...


ANNOTATORS = {"depth": Depth, "scribble": Scribble, "gray": Gray, "flow": Flow, "layout": Layout, "pose": Pose}


def annotator(name: str) -> Annotator:
    """A fresh annotator by name; ValueError naming the known ones otherwise."""
    if name not in ANNOTATORS:
        raise ValueError(f"unknown annotator {name!r}: choose one of {', '.join(sorted(ANNOTATORS))}")
    return ANNOTATORS[name]()
