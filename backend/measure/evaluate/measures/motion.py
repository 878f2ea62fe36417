"""Whether what moves along with a clip stays what it was."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from .likeness import luma

HIDDEN = 0.1
"""Where the clip itself, moved along, is off by more than this, something was covered or came into sight."""


def flow_of(pictures: np.ndarray) -> np.ndarray:
    """Where each pixel was one frame before, as a step [F - 1, H, W, 2] float32 in pixels, by OpenCV's DIS."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
    return np.stack([dis.calc(now, before, np.zeros((*now.shape, 2), np.float32)) for before, now in pairwise(gray)])


def flicker(pictures: np.ndarray, clip: np.ndarray, flow: np.ndarray) -> float:
    """Mean change of lightness (0..1) along the motion of `clip`, from each frame to the next, where nothing is hidden.

    pictures and clip [F, H, W, 3] uint8, flow [F - 1, H, W, 2] as `flow_of` the clip.
    """
    made, truth = luma(pictures), luma(clip)
    seen = np.stack([np.abs(now - _moved(before, step)) < HIDDEN for before, now, step in _steps(truth, flow)])
    change = np.stack([np.abs(now - _moved(before, step)) for before, now, step in _steps(made, flow)])
    return float(change[seen].mean()) if seen.any() else 0.0


def _steps(values: np.ndarray, flow: np.ndarray) -> zip:
    return zip(values, values[1:], flow, strict=False)


def _moved(before: np.ndarray, step: np.ndarray) -> np.ndarray:
    """A frame's values [H, W] as they are found one frame later."""
    rows, columns = np.mgrid[: before.shape[0], : before.shape[1]].astype(np.float32)
    x, y = columns + step[..., 0], rows + step[..., 1]
    return cv2.remap(before, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
