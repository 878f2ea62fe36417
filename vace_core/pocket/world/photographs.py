"""Clips of photographs: a camera that wanders over a still picture, so that training also sees what no pen draws.

The photographs are those that scikit-image brings along, each free to use (the docstrings of `skimage.data` name their
sources); without that package there are none, and training draws all its clips.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from .clip import DrawnClip
from .surface import Array

NAMES = ("astronaut", "chelsea", "coffee", "rocket", "camera", "motorcycle_left", "hubble_deep_field")
SMALLEST, LARGEST = 0.35, 0.9
"""How much of a photograph's height or width the camera sees, whichever is filled first."""


@cache
def photographs() -> tuple[Array, ...]:
    """The photographs [H, W, 3] uint8; none without scikit-image."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        return ()
    found = [path for name in NAMES for path in (Path(package.origin).parent / "data").glob(f"{name}.*")]
    read = (cv2.imread(str(path), cv2.IMREAD_COLOR) for path in found)
    return tuple(picture[..., ::-1] for picture in read if picture is not None)


def photograph_clip(seed: int, frames: int, height: int = 128, width: int = 192) -> DrawnClip:
    """Wander over one of them, turned, mirrored and in another exposure; the same arguments give the same bytes.

    Its depth is not known, and all 0; its mask is an ellipse that drifts, and nobody's skeleton is known.
    """
    rng = np.random.default_rng(seed)
    pictures = photographs()
    picture = pictures[int(rng.integers(len(pictures)))]
    paths = _camera(rng, picture, frames, height, width)
    footage = np.stack([cv2.warpAffine(picture, at, (width, height), flags=_SHRINK, borderMode=_EDGE) for at in paths])
    footage = _exposed(footage.astype(np.float32) / 255, rng)
    mask = _ellipses(rng, frames, height, width)
    return DrawnClip(footage, np.zeros_like(mask), mask, (), np.zeros((frames, 0, 18, 3), np.float32))


_SHRINK = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_EDGE = cv2.BORDER_REFLECT_101


def _camera(rng: np.random.Generator, picture: Array, frames: int, height: int, width: int) -> list[Array]:
    """Of each frame, the matrix [2, 3] from its pixels to the photograph's."""
    tall, wide = picture.shape[:2]
    whole = min(tall / height, wide / width)
    zoom = _from_to(rng.uniform(SMALLEST, LARGEST, 2), frames) * whole
    middle = _from_to(rng.uniform(0.25, 0.75, (2, 2)), frames) * (wide, tall)
    turn = _from_to(rng.normal(0, 0.08, 2), frames)
    mirror = rng.choice([-1.0, 1.0])
    shake = 0.004 * rng.exponential(1.0) * tall * np.cumsum(rng.normal(0, 0.3, (frames, 2)), axis=0)
    out = []
    for scale, at, angle, offset in zip(zoom, middle, turn, shake, strict=True):
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        matrix = np.array([[mirror * cos, -sin], [mirror * sin, cos]])
        shift = at + offset - matrix @ (width / 2, height / 2)
        out.append(np.column_stack((matrix, shift)))
    return out


def _from_to(ends: Array, frames: int) -> Array:
    """Values [F, ...] that pass evenly from the first of two to the second."""
    return np.linspace(ends[0], ends[1], frames)


def _exposed(footage: Array, rng: np.random.Generator) -> Array:
    """uint8 of footage in 0..1 as another camera would take it: exposure, contrast, colour, blur, noise."""
    footage = np.clip(footage, 0, 1) ** rng.uniform(0.6, 1.6)
    footage = (footage - 0.5) * rng.uniform(0.7, 1.3) + 0.5 + rng.normal(0, 0.06, 3)
    footage = footage * np.linspace(1, rng.uniform(0.85, 1.15), len(footage))[:, None, None, None]
    if rng.random() < 0.4:
        footage = np.stack([cv2.GaussianBlur(frame, (0, 0), float(rng.uniform(0.4, 1.0))) for frame in footage])
    footage = footage + rng.normal(0, rng.exponential(0.012), footage.shape)
    return (np.clip(footage, 0, 1) * 255 + 0.5).astype(np.uint8)


def _ellipses(rng: np.random.Generator, frames: int, height: int, width: int) -> Array:
    """[F, H, W] uint8, 255 inside."""
    out = np.zeros((frames, height, width), np.uint8)
    middles = _from_to(rng.uniform(0.25, 0.75, (2, 2)), frames) * (width, height)
    axes = (int(rng.uniform(0.12, 0.3) * width), int(rng.uniform(0.15, 0.4) * height))
    for frame, (x, y) in zip(out, middles, strict=True):
        cv2.ellipse(frame, (int(x), int(y)), axes, float(rng.uniform(0, 1)), 0, 360, 255, -1, cv2.LINE_AA)
    return out
