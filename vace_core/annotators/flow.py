"""Optical flow: the motion of every pixel since the frame before, as the colours of a wheel; still is white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch import Tensor

from .level import RunningLevel, level_of
from .pixels import gray_pixels, to_control

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

    def update(self, flow: np.ndarray) -> float:
        """Take in a frame's flow [H, W, 2], and give the level for that frame, in pixels a frame."""
        coarse = flow[::2, ::2]
        speed = cv2.magnitude(*cv2.split(coarse))
        return self._level.update(max(level_of(speed, FASTEST), flow.shape[0] * SLOWEST_LEVEL))

    def reset(self) -> None:
        self._level.reset()


class Motion(Protocol):
    """A method that finds where pixels went."""

    def pictures(self, frames: Tensor) -> Sequence[Any]:
        """frames [1, 3, F, H, W] in [-1, 1] -> each as `motion` takes it."""
        ...

    def motion(self, ones: Sequence[Any], others: Sequence[Any]) -> np.ndarray:
        """N pictures and N others -> [N, H, W, 2] float32: where each pixel of the ones went, x right and y down."""
        ...


class Dis:
    """OpenCV's DIS, on the processor, without weights."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def pictures(self, frames: Tensor) -> Sequence[np.ndarray]:
        return list(gray_pixels(frames))

    def motion(self, ones: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
        nothing = np.zeros((*ones[0].shape, 2), np.float32)
        return np.stack([self._dis.calc(one, other, nothing.copy()) for one, other in zip(ones, others)])


class Flow:
    """Flow between every two neighbouring frames of a stream, those of two calls too.

    A frame shows how what it shows came there from the frame before. The first one, which has none before it, shows
    where it goes; a single one is white.
    """

    def __init__(self, method: Motion | None = None) -> None:
        self._method = Dis() if method is None else method
        self._level = FlowLevel()
        self._last: Any = None

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> colours of motion [1, 3, F, H, W] in [-1, 1]."""
        pictures = list(self._method.pictures(frames))
        known = pictures if self._last is None else [self._last, *pictures]
        self._last = pictures[-1]
        if len(known) == 1:
            return torch.ones_like(frames)
        flows = -self._method.motion(known[1:], known[:-1])  # back to where each pixel came from, turned round
        levels = [self._level.update(flow) for flow in flows]
        if known is pictures:
            flows, levels = np.concatenate((self._method.motion(known[:1], known[1:2]), flows)), [levels[0], *levels]
        return to_control(np.stack([flow_picture(flow, level) for flow, level in zip(flows, levels)]), frames)

    def reset(self) -> None:
        """Forget the last frame and the level, as after a cut."""
        self._level.reset()
        self._last = None
