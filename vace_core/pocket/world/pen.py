"""Drawing filled shapes into a stencil: where the shape is, and how light it is painted."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Joints = NDArray[np.float32]
_SHIFT = 4


class Pen:
    """Draws in figure units: one is the height of the frame, x right and y down from the anchor, turned and scaled.

    `mask` [H, W] is 255 where something was drawn, `detail` [H, W] its lightness, 128 where it is plain. `people` are
    the skeletons of those drawn, [18, 3] each: x and y in pixels and 1, or 0 for a joint that is not there.
    """

    def __init__(self, height: int, width: int, anchor: tuple[float, float], scale: float, turn: float = 0.0) -> None:
        self.mask: Bytes = np.zeros((height, width), np.uint8)
        self.detail: Bytes = np.full((height, width), 128, np.uint8)
        self.people: list[Joints] = []
        self._height, self._width = height, width
        self._anchor, self._scale, self._turn = anchor, scale, turn
        self._mark_only = False

    def marks(self) -> Pen:
        """From now on paint lightness only, which shows where the shape already is."""
        self._mark_only = True
        return self

    def polygon(self, points, light: float = 0.5) -> None:
        at = self._pixels(np.asarray(points, np.float32))
        self._fill(lambda image, value: cv2.fillPoly(image, [at], value, cv2.LINE_AA, _SHIFT), light)

    def ellipse(self, x: float, y: float, across: float, down: float, turn: float = 0.0, light: float = 0.5) -> None:
        """`across` and `down` are half axes, turn in radians."""
        around = np.linspace(0, 2 * np.pi, 25)[:-1]
        cos, sin = np.cos(turn), np.sin(turn)
        u, v = across * np.cos(around), down * np.sin(around)
        self.polygon(np.stack([x + cos * u - sin * v, y + sin * u + cos * v], axis=-1), light)

    def limb(self, start, end, thick: float, light: float = 0.5, thin: float | None = None) -> None:
        """A straight limb with round ends, `thick` and `thin` half thick at its ends."""
        thin = thick if thin is None else thin
        start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
        along = end - start
        side = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
        self.polygon([start + side * thick, end + side * thin, end - side * thin, start - side * thick], light)
        self.ellipse(start[0], start[1], thick, thick, light=light)
        self.ellipse(end[0], end[1], thin, thin, light=light)

    def box(self, left: float, top: float, right: float, bottom: float, light: float = 0.5) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], light)

    def skeleton(self, joints: dict[int, tuple[float, float] | Joints]) -> None:
        """Where a person's joints are, by their number in OpenPose's order of 18."""
        person = np.zeros((18, 3), np.float32)
        person[list(joints), :2] = self._place(np.stack([np.asarray(at, np.float32) for at in joints.values()]))
        person[list(joints), 2] = 1
        self.people.append(person)

    def _place(self, points: Joints) -> Joints:
        """Figure units [N, 2] as pixels."""
        cos, sin = np.cos(self._turn), np.sin(self._turn)
        x = self._anchor[0] + self._scale * (cos * points[:, 0] - sin * points[:, 1])
        y = self._anchor[1] + self._scale * (sin * points[:, 0] + cos * points[:, 1])
        return np.stack([x * self._height + self._width / 2, y * self._height], axis=-1)

    def _pixels(self, points: Joints) -> NDArray[np.int32]:
        return np.clip(self._place(points) * 2**_SHIFT, -(2**20), 2**20).astype(np.int32)

    def _fill(self, draw, light: float) -> None:
        if not self._mark_only:
            draw(self.mask, 255)
        draw(self.detail, int(np.clip(light, 0, 1) * 255))
