"""Every control of a drawn clip, as a stream's annotators would make it."""

from __future__ import annotations

from collections.abc import Sequence
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


def controls_of(clip: DrawnClip) -> dict[str, Bytes]:
    """A clip's controls by kind, [F, H, W, 3] uint8; pose only where somebody is seen."""
    footage, size, labels = video(clip.footage), clip.mask.shape[1:], clip.nouns or ("thing",)
    controls = {
        "depth": np.repeat(clip.depth[..., None], 3, axis=-1),
        "scribble": pixels(Scribble()(footage)),
        "gray": pixels(Gray()(footage)),
        "flow": pixels(Flow()(footage)),
        "layout": np.stack([draw_layout(boxes_of(mask, labels), *size) for mask in clip.mask]),
    }
    if clip.people.shape[1]:
        controls["pose"] = np.stack([draw_pose(list(people), *size) for people in clip.people])
    return controls


def boxes_of(mask: np.ndarray, labels: Sequence[str]) -> list[Box]:
    """Boxes of the connected parts of a mask [H, W] uint8, above 127 = thing, the largest first; labels clip turns."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((mask > 127).astype(np.uint8))
    found = [row for row in stats[1:] if row[cv2.CC_STAT_AREA] >= SMALLEST * mask.size]
    found.sort(key=lambda row: -row[cv2.CC_STAT_AREA])
    named = zip(found, cycle(labels))
    return [Box(float(x), float(y), float(x + w), float(y + h), label) for (x, y, w, h, _), label in named]
