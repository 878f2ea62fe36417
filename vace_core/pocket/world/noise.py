"""Tileable noise volumes that procedural textures look up, made once from a fixed seed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SIDE = 128
PERIOD = 4.0
"""Units of length after which a volume repeats."""


def vector(*values: float) -> Array:
    """Numbers as a float32 vector."""
    return np.array(values, np.float32)


@lru_cache(maxsize=8)
def volume(kind: str) -> NDArray[np.uint8]:
    """A periodic field [SIDE, SIDE, SIDE], 0..255.

    "soft" is clouds, "rough" has grain over them, "cells" is 0 inside cells and 255 at their walls.
    """
    if kind == "cells":
        return np.kron(_cells(70, 13), np.ones((2, 2, 2), np.uint8))
    slope, seed = {"soft": (3.4, 11), "rough": (2.7, 12)}[kind]
    return _spectrum(slope, seed)


def look_up(kind: str, points: Array, scale: float = 1.0) -> Array:
    """Sample a volume, repeated endlessly, at points [..., 3] times scale; returns [...] in 0..1."""
    at = (points * np.float32(scale * SIDE / PERIOD)).astype(np.int32) & (SIDE - 1)
    index = (at[..., 0] * SIDE + at[..., 1]) * SIDE + at[..., 2]
    return volume(kind).ravel()[index] * np.float32(1 / 255)


def smooth(kind: str, points: Array, scale: float = 1.0, step: int = 4) -> Array:
    """`look_up` over an image of points [H, W, 3], sampled coarsely and enlarged softly, so that no voxel shows."""
    small = look_up(kind, points[step // 2 :: step, step // 2 :: step], scale)
    small = cv2.GaussianBlur(small, (0, 0), 0.8)
    return cv2.resize(small, points.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _spectrum(slope: float, seed: int) -> NDArray[np.uint8]:
    """Noise whose power falls as frequency to the slope, its values ranked so that all levels are equally common."""
    rng = np.random.default_rng(seed)
    f = np.fft.fftfreq(SIDE).astype(np.float32) * SIDE
    radius = np.sqrt(f[:, None, None] ** 2 + f[None, :, None] ** 2 + f[None, None, :] ** 2)
    radius[0, 0, 0] = 1.0
    wave = np.fft.fftn(rng.standard_normal((SIDE,) * 3).astype(np.float32)) * np.maximum(radius, 2.0) ** (-slope / 2)
    field = np.fft.ifftn(wave).real
    levels = np.quantile(field[::3, ::3, ::3], np.linspace(0, 1, 257)[1:-1])
    return np.searchsorted(levels, field.ravel()).astype(np.uint8).reshape(field.shape)


def _cells(count: int, seed: int) -> NDArray[np.uint8]:
    """How near the wall between the cells around random points is, over half as many voxels a side."""
    rng = np.random.default_rng(seed)
    side = SIDE // 2
    axis = np.arange(side, dtype=np.float32)
    first = second = np.full((side,) * 3, np.inf, np.float32)
    for point in rng.uniform(0, side, (count, 3)).astype(np.float32):
        away = [np.abs(axis - coordinate) for coordinate in point]
        x, y, z = (np.minimum(a, side - a) ** 2 for a in away)
        distance = x[:, None, None] + y[None, :, None] + z[None, None, :]
        second = np.minimum(second, np.maximum(first, distance))
        first = np.minimum(first, distance)
    wall = 1.0 - np.clip((np.sqrt(second) - np.sqrt(first)) / 8.0, 0.0, 1.0)
    return (wall * 255).astype(np.uint8)
