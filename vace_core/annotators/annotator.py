"""What turns camera pictures into controls: each is called on frames and keeps its own state between calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from torch import Tensor

from ..plugins import ANNOTATORS as PLUGINS
from ..plugins import plugins
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
    """A fresh annotator by name, ours or a plug-in's; ValueError naming the known ones otherwise."""
    makers = annotators()
    if name not in makers:
        raise ValueError(f"unknown annotator {name!r}: choose one of {', '.join(sorted(makers))}")
    return makers[name]()


def annotators() -> dict[str, Callable[[], Annotator]]:
    """What makes each annotator with the bundled networks, and those of plug-ins."""
    return {**ANNOTATORS, **plugins(PLUGINS, _accept)}


def _accept(name: str, maker: object) -> Callable[[], Annotator]:
    if name in (*ANNOTATORS, "raw", "none"):
        raise ValueError("a control of ours has that name")
    if not callable(maker):
        raise ValueError(f"it must make an annotator when it is called, got {type(maker).__name__}")
    return cast("Callable[[], Annotator]", maker)
