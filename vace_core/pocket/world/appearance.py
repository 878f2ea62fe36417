"""How a drawn look follows a control: what the model shall make of depth, of a scribble, of a grey picture.

A look shares little with the footage but where things are, and a model that is shown such pairs learns the prompt and
leaves the control alone for thousands of steps. So each control shows in its own way: depth as light on what is near,
a scribble as lines of ink (or of light, in dark looks), a grey picture as the lightness of the picture, flow as a glow
on what moves, layout as a light on what is in the boxes, pose as a light on the people.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
CONTROLS = ("depth", "scribble", "gray", "flow", "layout", "pose")
"""The order in which controls, and looks that follow them, are stored."""
LIGHT = np.array([0.3, 0.59, 0.11], np.float32)


def by_control(look: Bytes, control: NDArray[np.float32], kind: str) -> Bytes:
    """look [F, H, W, 3] as it follows a control of that kind, one of CONTROLS, by what it says [F, H, W] in 0..1.

    That is nearness, lines, lightness, speed, and for layout and pose 1 inside the boxes and on the people.
    """
    picture = look.astype(np.float32) / 255
    drawn = WAYS[kind](picture, control[..., None])
    return (np.clip(drawn, 0, 1) * 255 + 0.5).astype(np.uint8)


def _lit_by_depth(picture: np.ndarray, near: np.ndarray) -> np.ndarray:
    lines = np.stack([_steps(frame) for frame in near[..., 0]])[..., None]
    return picture * (0.6 + 0.75 * near) * (1 - 0.7 * lines)


def _steps(near: np.ndarray) -> np.ndarray:
    """Lines [H, W] where nearness [H, W] jumps."""
    slope = np.hypot(cv2.Sobel(near, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(near, cv2.CV_32F, 0, 1, ksize=3))
    return np.clip(cv2.GaussianBlur(np.clip(slope / 0.4 - 0.4, 0, 1), (0, 0), 0.7), 0, 1)


def _inked(picture: np.ndarray, lines: np.ndarray) -> np.ndarray:
    colour = picture.mean(axis=(0, 1, 2))
    dark = float(colour @ LIGHT) < 0.3
    ink = 0.75 + 0.5 * (colour - colour.mean()) if dark else 0.12 * colour
    return picture + 0.85 * lines * (ink - picture)


def _with_lightness(picture: np.ndarray, lightness: np.ndarray) -> np.ndarray:
    own = np.stack([cv2.GaussianBlur(frame @ LIGHT, (0, 0), 3.0) for frame in picture])[..., None]
    gain = np.clip((lightness + 0.12) / (own + 0.12), 0.3, 3.0) ** 0.75
    return picture * gain


def _glowing(picture: np.ndarray, speed: np.ndarray) -> np.ndarray:
    soft = np.stack([cv2.GaussianBlur(frame, (0, 0), 2.0) for frame in speed[..., 0]])[..., None]
    return picture * (0.7 + 0.4 * soft) + 0.28 * soft


def _in_the_light(picture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    soft = np.stack([cv2.GaussianBlur(frame, (0, 0), 1.5) for frame in inside[..., 0]])[..., None]
    return picture * (0.45 + 0.75 * soft) + 0.12 * soft


WAYS = {
    "depth": _lit_by_depth, "scribble": _inked, "gray": _with_lightness,
    "flow": _glowing, "layout": _in_the_light, "pose": _in_the_light,
}  # fmt: skip
