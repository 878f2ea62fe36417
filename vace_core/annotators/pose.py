"""Pose: people as skeletons of eighteen joints, the sticks and dots of OpenPose on black."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from .body import Body
from .pixels import pixels, to_control

STRIDE = 4
"""Joints are looked for in every so manyeth frame: of a chunk of 12 in three, its last among them."""

JOINTS = (
    "nose",
    "neck",
    "right shoulder",
    "right elbow",
    "right wrist",
    "left shoulder",
    "left elbow",
    "left wrist",
    "right hip",
    "right knee",
    "right ankle",
    "left hip",
    "left knee",
    "left ankle",
    "right eye",
    "left eye",
    "right ear",
    "left ear",
)
LIMBS = (
    ((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7))
    + ((1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13))
    + ((1, 0), (0, 14), (14, 16), (0, 15), (15, 17))
)
"""Which joints a stick joins; stick n has the colour of joint n."""

RAINBOW = (
    ((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0))
    + ((0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255))
    + ((0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85))
)
VISIBLE = 0.3
"""Joints with a lower score are left out, and sticks to them."""

STICK = 0.6
"""Sticks are so bright, so that the joints stand out."""

_PARTS = 16
"""OpenCV draws between pixels in these parts of one."""


def draw_pose(people: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """Each person is [18, 3]: x, y in pixels and a score, in the order of JOINTS -> RGB uint8 [H, W, 3]."""
    picture = np.zeros((height, width, 3), np.uint8)
    thick = max(2, height // 42)
    for joints in people:
        visible = joints[:, 2] >= VISIBLE
        places = [(round(x), round(y)) for x, y in joints[:, :2] * _PARTS]
        for shade, (one, other) in zip(RAINBOW, LIMBS):
            if visible[one] and visible[other]:
                dim = tuple(STICK * part for part in shade)
                cv2.line(picture, places[one], places[other], dim, thick, cv2.LINE_AA, _PARTS.bit_length() - 1)
        for shade, place, there in zip(RAINBOW, places, visible):
            if there:
                cv2.circle(picture, place, thick * _PARTS // 2, shade, -1, cv2.LINE_AA, _PARTS.bit_length() - 1)
    return picture


class Pose:
    """The skeleton of the person that fills most of a stream's picture, drawn.

    Joints are looked for in every fourth frame and in the last one of a call; those between lie between.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._body = Body(device)
        self._count = 0
        self._last: np.ndarray | None = None

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> skeletons on black [1, 3, F, H, W] in [-1, 1]."""
        drawn = [draw_pose([] if joints is None else [joints], *frames.shape[3:]) for joints in self.joints(frames)]
        return to_control(np.stack(drawn), frames)

    def joints(self, frames: Tensor) -> list[np.ndarray | None]:
        """frames [1, 3, F, H, W] in [-1, 1] -> for each [18, 3] as `draw_pose` takes them, None for nobody."""
        pictures, found = pixels(frames), list[np.ndarray | None]()
        waiting = 0
        for picture in pictures:
            looked = self._count % STRIDE == 0 or len(found) + waiting + 1 == len(pictures)
            self._count += 1
            if not looked:
                waiting += 1
                continue
            now = self._body.update(picture)
            found += [_between(self._last, now, (n + 1) / (waiting + 1)) for n in range(waiting)] + [now]
            self._last, waiting = now, 0
        return found

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._body.reset()
        self._count, self._last = 0, None


def _between(before: np.ndarray | None, after: np.ndarray | None, way: float) -> np.ndarray | None:
    """Joints part of the way between two; nobody where there is nobody in either."""
    return None if before is None or after is None else before + way * (after - before)
