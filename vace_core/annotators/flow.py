"""Optical flow: the motion of every pixel since the frame before, as the colours of a wheel; still is white."""

from __future__ import annotations

import cv2
import numpy as np
from torch import Tensor

from .level import RunningLevel
from .pixels import grey_pixels, to_control

FASTEST = 0.98
"""The share of a picture's pixels that are slower than what sets its level."""

SLOWEST_LEVEL = 1 / 64
"""No level is below this part of the picture's height a frame, so that the noise of a still picture stays white."""


def flow_picture(flow: np.ndarray, level: float) -> np.ndarray:
    """flow [H, W, 2] float32 in pixels a frame (x right, y down) -> [H, W, 3] float32 RGB in 0..1.

    White is still. The hue is the direction (red to the right, then with the clock as it is seen: yellow-green down,
    cyan to the left, violet up), the saturation the speed over `level`, at most 1.
    """
    speed, direction = cv2.cartToPolar(flow[..., 0], flow[..., 1], angleInDegrees=True)
    saturation = np.minimum(speed / np.float32(level), np.float32(1))
    return cv2.cvtColor(np.dstack((direction, saturation, np.ones_like(speed))), cv2.COLOR_HSV2RGB)


class FlowLevel:
    """The speed that is drawn in full colour: it follows what moves fastest, slowly, so that no picture pumps."""

    def __init__(self) -> None:
        self._level = RunningLevel[float]()

    def follow(self, flow: np.ndarray) -> float:
        """Take in a frame's flow [H, W, 2], and give the level for that frame, in pixels a frame."""
        coarse = flow[::2, ::2]
        speed = np.sqrt(np.square(coarse).sum(axis=-1)).ravel()
        rank = int(FASTEST * (speed.size - 1))
        return self._level.follow(max(float(np.partition(speed, rank)[rank]), flow.shape[0] * SLOWEST_LEVEL))

    def reset(self) -> None:
        self._level.reset()


class Flow:
    """Flow between every two neighbouring frames of a stream, those of two calls too, by OpenCV's DIS on the processor.

    A frame shows how what it shows came there from the frame before. The first one, which has none before it, shows
    where it goes; a single one is white.
    """

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._level = FlowLevel()
        self._last: np.ndarray | None = None

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> colours of motion [1, 3, F, H, W] in [-1, 1]."""
        pictures = grey_pixels(frames)
        flows = [self._between(before, picture) for before, picture in zip([self._last, *pictures], pictures)]
        if self._last is None:
            flows[0] = self._way(pictures[0], pictures[1]) if len(pictures) > 1 else flows[0]
        self._last = pictures[-1]
        return to_control(np.stack([flow_picture(flow, self._level.follow(flow)) for flow in flows]), frames)

    def reset(self) -> None:
        """Forget the last frame and the level, as after a cut."""
        self._level.reset()
        self._last = None

    def _between(self, before: np.ndarray | None, picture: np.ndarray) -> np.ndarray:
        """Motion into `picture`, at the places of its own pixels: how they'd go back, turned round."""
        if before is None:
            return np.zeros((*picture.shape, 2), np.float32)
        return -self._way(picture, before)

    def _way(self, picture: np.ndarray, other: np.ndarray) -> np.ndarray:
        return self._dis.calc(picture, other, np.zeros((*picture.shape, 2), np.float32))
