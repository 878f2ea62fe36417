"""Which network stands behind each annotator, mask and detector, and what makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from .annotator import Annotator
    from .detectors import Detector
    from .segmenters import Segmenter

DEPTHS = ("pocket", "depth-anything-v2-small", "video-depth-anything")
FLOWS = ("dis", "raft")
DETECTORS = ("things", "rt-detr", "yolo")


@dataclass(frozen=True)
class AnnotatorOptions:
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
    choice: AnnotatorOptions, folders: Sequence[Path], device: torch.device
) -> Mapping[str, Callable[[], Annotator]]:
    """What makes each annotator, by its name; the maker raises ValueError, with the fix, where something is missing.

    folders: where networks that are not bundled are looked for.
    """
    from .annotator import annotators
    from .layout import Layout
    from .pose import Pose

    makers = annotators()
    makers["layout"] = lambda: Layout(detector_maker(choice, folders, device)())
    makers["pose"] = lambda: Pose(device)
    makers["flow"] = lambda: _flow(choice, device)
    makers["depth"] = lambda: _depth(choice, folders, device)
    return makers


def segmenter_makers(device: torch.device) -> Mapping[str, Callable[[], Segmenter]]:
    """What makes each segmenter, by its name."""
    from .segmenters import segmenters

    return {name: lambda make=make: make(device=device) for name, make in segmenters().items()}


def detector_maker(choice: AnnotatorOptions, folders: Sequence[Path], device: torch.device) -> Callable[[], Detector]:
    """What makes the chosen detector; it raises ValueError, with the fix, where something is missing."""
    return lambda: _detector(choice, folders, device)


def _depth(choice: AnnotatorOptions, folders: Sequence[Path], device: torch.device) -> Annotator:
    from .depth import Depth
    from .depth_anything import DepthAnything, VideoDepthAnything

    if choice.depth == "depth-anything-v2-small":
        return DepthAnything(folders, device)
    if choice.depth == "video-depth-anything":
        return VideoDepthAnything(folders, device)
    return Depth(device=device)


def _flow(choice: AnnotatorOptions, device: torch.device) -> Annotator:
    from .flow import Flow
    from .raft import Raft

    return Flow(Raft(device) if choice.flow == "raft" else None)


def _detector(choice: AnnotatorOptions, folders: Sequence[Path], device: torch.device) -> Detector:
    from .detectors import Things
    from .objects import TransformersDetector, Yolo

    if choice.detector == "rt-detr":
        return TransformersDetector(folders, device)
    return Yolo(folders, device) if choice.detector == "yolo" else Things(device)
