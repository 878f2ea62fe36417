"""Every control of a drawn clip, as a stream's annotators would make it, and what it says of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import cv2
import numpy as np

from vace_core.annotators.flow import Flow
from vace_core.annotators.gray import Gray
from vace_core.annotators.layout import Box, draw_layout
from vace_core.annotators.pixels import pixels, video
from vace_core.annotators.pose import draw_pose
from vace_core.annotators.scribble import Scribble

from .clip import Bytes, DrawnClip

SMALLEST = 0.004
"""Things that cover less of the picture have no box."""
AROUND_BONES = 0.06
"""How far a body reaches around its skeleton, in heights of the picture."""


@dataclass(frozen=True)
class DrawnControl:
    """pictures [F, H, W, 3] uint8, what the model is shown; says [F, H, W] float32 in 0..1, what they mean.

    That is nearness, lines, lightness, speed, and for layout and pose 1 inside the boxes and on the people.
    """

    pictures: Bytes
    says: np.ndarray


def controls_of(clip: DrawnClip, scribbled: Bytes | None = None) -> dict[str, DrawnControl]:
    """A clip's controls by kind; pose only where somebody is seen. scribbled: what lines are drawn of, else footage."""
    controls = {
        "depth": _gray(clip.depth),
        "scribble": _annotated(Scribble(), clip.footage if scribbled is None else scribbled),
        "gray": _annotated(Gray(), clip.footage),
        "flow": _flow(clip.footage),
        "layout": _layout(clip.mask, clip.nouns),
    }
    if clip.people.shape[1]:
        controls["pose"] = _pose(clip.people, *clip.mask.shape[1:])
    return controls


def boxes_of(mask: np.ndarray, labels: Sequence[str]) -> list[Box]:
    """Boxes of the connected parts of a mask [H, W] uint8, above 127 = thing, the largest first; labels clip turns."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((mask > 127).astype(np.uint8))
    found = [row for row in stats[1:] if row[cv2.CC_STAT_AREA] >= SMALLEST * mask.size]
    found.sort(key=lambda row: -row[cv2.CC_STAT_AREA])
    named = zip(found, cycle(labels))
    return [Box(float(x), float(y), float(x + w), float(y + h), label) for (x, y, w, h, _), label in named]


def _gray(values: np.ndarray) -> DrawnControl:
    return DrawnControl(np.repeat(values[..., None], 3, axis=-1), np.divide(values, 255, dtype=np.float32))


def _annotated(annotator: Scribble | Gray, pictures: Bytes) -> DrawnControl:
    control = annotator(video(pictures))
    return _gray(pixels(control)[..., 0])


def _flow(footage: Bytes) -> DrawnControl:
    pictures = pixels(Flow()(video(footage)))
    return DrawnControl(pictures, 1 - pictures.min(axis=-1) / np.float32(255))


def _layout(mask: np.ndarray, nouns: Sequence[str]) -> DrawnControl:
    boxes = [boxes_of(frame, nouns or ("thing",)) for frame in mask]
    says = np.zeros(mask.shape, np.float32)
    for frame, inside in zip(boxes, says, strict=True):
        for box in frame:
            inside[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 1
    return DrawnControl(np.stack([draw_layout(frame, *mask.shape[1:]) for frame in boxes]), says)


def _pose(people: np.ndarray, height: int, width: int) -> DrawnControl:
    pictures = np.stack([draw_pose(list(frame), height, width) for frame in people])
    reach = 2 * round(AROUND_BONES * height) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    bones = (pictures.max(axis=-1) > 0).astype(np.uint8)
    return DrawnControl(pictures, np.stack([cv2.dilate(frame, brush) for frame in bones]).astype(np.float32))
