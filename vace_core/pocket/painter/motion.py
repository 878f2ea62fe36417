"""Flow as a form: what moves leaves a trail behind it, combed in its direction."""

from __future__ import annotations

import cv2
import numpy as np

from .fields import Array, Bytes, blur
from .textures import FIBRE, at, places

STRIDES = (3.0, 6.0, 12.0)
"""How far ahead a pixel looks for what has passed it, in pixels; together they are a trail's length."""
FADING = 0.93


def motion(control: Bytes) -> Array:
    """Colours of motion [F, H, W, 3] as `annotators.flow` has them -> level [F, H, W] in 0..1, 0 where all is still."""
    red, green, blue = np.moveaxis(control.astype(np.float32) / 255, -1, 0)
    speed = blur(1 - np.minimum(np.minimum(red, green), blue), 1.0)
    right, down = red - (green + blue) / 2, np.float32(0.866) * (green - blue)
    right, down = blur(right, 7.0), blur(down, 7.0)
    length = np.hypot(right, down) + np.float32(0.02)
    right, down = right / length, down / length
    x, y = places(speed)
    trail = speed
    for stride in STRIDES:
        ahead = [
            cv2.remap(frame, x + stride * a, y + stride * b, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for frame, a, b in zip(trail, right, down, strict=True)
        ]
        trail = np.maximum(trail, np.float32(FADING**stride) * np.stack(ahead))
    combed = sum(at(FIBRE, x + n * right, y + n * down) for n in (-4.5, -1.5, 1.5, 4.5)) / 4
    return np.clip(trail * (0.95 + 0.3 * (combed - 0.5)), 0, 1)
