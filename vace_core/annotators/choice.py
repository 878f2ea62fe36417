"""Which network stands behind each annotator, mask and detector, and what makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from . import Annotator
    from .detectors import Detector
    from .segmenters import Segmenter

DEPTHS = ("pocket", "depth-anything-v2-small", "video-depth-anything")
FLOWS = ("dis", "raft")
DETECTORS = ("things", "rt-detr", "yolo")


@dataclass(frozen=True)
class AnnotatorChoice:
    """The bundled networks, or others that the user has.

    Raises ValueError for a name that is none of DEPTHS, FLOWS or DETECTORS.
    """

    depth: str = DEPTHS[0]
    flow: str = FLOWS[0]
    detector: str = DETECTORS[0]

    def __post_init__(self) -> None:
        for what, chosen, known in (
            ("depth", self.depth, DEPTHS), ("flow", self.flow, FLOWS), ("detector", self.detector, DETECTORS)
        ):  # fmt: skip
            if chosen not in known:
                raise ValueError(f"there is no {what} {chosen!r}: choose one of {', '.join(known)}")


def annotator_makers(
    choice: AnnotatorChoice, folders: Sequence[Path], device: torch.device
) -> Mapping[str, Callable[[], Annotator]]:
    """What makes each annotator, by its name; the maker raises ValueError, with the fix, where something is missing.

    folders: where networks that are not bundled are looked for.
    """
    from . import ANNOTATORS, Depth, Layout, Pose

    makers: dict[str, Callable[[], Annotator]] = dict(ANNOTATORS)
    makers["depth"] = lambda: Depth(device=device)
    makers["layout"] = lambda: Layout(device=device)
    makers["pose"] = lambda: Pose(device=device)
    return makers


def segmenter_makers(device: torch.device) -> Mapping[str, Callable[[], Segmenter]]:
    """What makes each segmenter, by its name."""
    from .segmenters import SEGMENTERS

    return {name: lambda kind=kind: kind(device=device) for name, kind in SEGMENTERS.items()}


def detector_maker(choice: AnnotatorChoice, folders: Sequence[Path], device: torch.device) -> Callable[[], Detector]:
    """What makes the chosen detector; it raises ValueError, with the fix, where something is missing."""
    from .detectors import Things

    return lambda: Things(device)
