"""The joints of a person, by MediaPipe's pose network (BlazePose, lite, Apache-2.0; weights/NOTICE.txt)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from .person import WEIGHTS, Person
from .pixels import video
from .tflite import TfliteNet

SIDE = 256
"""Pixels of the square that the network looks at."""

ROOM = 1.25
"""The square is so much larger than the person."""

THERE = 0.5
"""The network's own verdict, from which on there is a person in the square."""

LEAST = 0.005
"""A person has at least this part of the picture's pixels."""

SEARCH_EVERY = 2
"""After a search that found nobody, the next one is so many pictures later."""

NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 2, 5, 7, 8, 11, 12
MIDDLE, TOP = 33, 34
"""Points of the network. From the middle of the hips to the top is the radius of a circle round the whole person."""

AS_OPENPOSE = (NOSE, RIGHT_SHOULDER, RIGHT_SHOULDER, 14, 16, LEFT_SHOULDER, 13, 15, 24, 26, 28, 23, 25, 27) + (
    (RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR)
)
"""The point that each of `pose.JOINTS` is; the neck, which is none, is put between the shoulders."""
NECK = 1


@dataclass(frozen=True)
class Region:
    """A square of the picture, in pixels, turned with the clock by `angle` (radians) as the person in it is."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_square(self) -> np.ndarray:
        """The affine map [2, 3] from the picture to the network's square."""
        scale = SIDE / self.side
        cos, sin = scale * math.cos(self.angle), scale * math.sin(self.angle)
        turn = np.array(((cos, sin), (-sin, cos)))
        return np.column_stack((turn, SIDE / 2 - turn @ (self.x, self.y)))


class Body:
    """Follows one person from picture to picture: where the joints were, they are looked for again."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = device
        self._net = TfliteNet(WEIGHTS / "pose_landmark_lite.tflite", ("Identity", "Identity_1")).eval().to(device)
        self._person = Person(device)
        self._region: Region | None = None
        self._searched = SEARCH_EVERY

    def update(self, picture: np.ndarray) -> np.ndarray | None:
        """RGB uint8 [H, W, 3] -> joints [18, 3]: x, y in pixels and a score, in OpenPose's order; None for nobody."""
        points = None if self._region is None else self._look(picture, self._region)
        self._searched += 1
        if points is None and self._searched >= SEARCH_EVERY and (region := self._search(picture)) is not None:
            points = self._look(picture, region)
            if points is not None:  # the square was a guess: look once more, with the person in its middle
                points = self._look(picture, _region_of(points))
        self._region = None if points is None else _region_of(points)
        return None if points is None else _joints(points)

    def reset(self) -> None:
        """Forget where the person was, as after a cut."""
        self._region, self._searched = None, SEARCH_EVERY

    @torch.inference_mode()
    def _look(self, picture: np.ndarray, region: Region) -> np.ndarray | None:
        """The network's points [39, 3]: x, y in the picture's pixels and how visible, 0..1; None if there is nobody."""
        way = region.to_square()
        square = torch.from_numpy(cv2.warpAffine(picture, way, (SIDE, SIDE))).to(self._device)
        outputs = self._net(square.permute(2, 0, 1)[None].float() / 255)
        points, there = outputs["Identity"].cpu().numpy().reshape(-1, 5), float(outputs["Identity_1"])
        if there < THERE:
            return None
        back = cv2.invertAffineTransform(way)
        return np.column_stack((points[:, :2] @ back[:, :2].T + back[:, 2], 1 / (1 + np.exp(-points[:, 3]))))

    def _search(self, picture: np.ndarray) -> Region | None:
        """Round the largest person."""
        self._searched = 0
        frames = video(picture[None], self._device)
        self._person.reset()
        mask = (self._person.coarse(frames)[0] > 0.5).to(torch.uint8).cpu().numpy()
        _, _, statistics, _ = cv2.connectedComponentsWithStats(mask)
        if len(statistics) < 2:
            return None
        left, top, wide, high, area = max(statistics[1:], key=lambda part: part[cv2.CC_STAT_AREA])
        if area < LEAST * mask.size:
            return None
        across, down = picture.shape[1] / mask.shape[1], picture.shape[0] / mask.shape[0]
        side = ROOM * max(wide * across, high * down)
        return Region((left + wide / 2) * across, (top + high / 2) * down, side)


def _region_of(points: np.ndarray) -> Region:
    """The square round a person whose points are known."""
    x, y = points[MIDDLE, :2]
    right, down = points[TOP, :2] - points[MIDDLE, :2]
    return Region(x, y, max(2 * ROOM * math.hypot(right, down), 8.0), math.atan2(right, -down))


def _joints(points: np.ndarray) -> np.ndarray:
    joints = points[list(AS_OPENPOSE)].astype(np.float32)
    shoulders = points[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    joints[NECK] = (*shoulders[:, :2].mean(axis=0), shoulders[:, 2].min())
    return joints
