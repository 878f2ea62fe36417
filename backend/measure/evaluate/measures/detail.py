"""Fine detail: whether gradients lie where another picture has them, how strong they are, and tiles of eight pixels."""

from __future__ import annotations

import numpy as np

from .likeness import correlation, luma

TILE = 8
"""Pixels that a latent stands for, each way."""
LEAST = 1e-4
"""A mean gradient below this is none: there is nothing to compare."""


def gradient_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of the gradients of two clips [F, H, W, 3] uint8 with their directions: 1 where all edges agree."""
    return correlation(*(np.concatenate([steps.ravel() for steps in _steps(pictures)]) for pictures in (a, b)))


def mean_gradient(pictures: np.ndarray) -> float:
    """How much lightness (0..1) changes from one pixel to the next, over rows and columns of a clip."""
    return float(np.mean([np.abs(steps).mean() for steps in _steps(pictures)]))


def sharpness(pictures: np.ndarray, wanted: np.ndarray) -> float:
    """The mean gradient of pictures [F, H, W, 3] uint8 over that of others: 1 is as sharp, less is softer."""
    return mean_gradient(pictures) / max(mean_gradient(wanted), LEAST)


def tile_ratio(pictures: np.ndarray) -> float:
    """The mean gradient across the lines of a grid of 8 pixels over that just beside them, on both sides.

    1 where the grid is not seen, more where each of its squares is a tile; 1 for pictures without any gradient.
    """
    on, beside = [], []
    for steps, axis in zip(_steps(pictures), (1, 2), strict=True):
        lines = np.abs(steps).mean(axis=(0, 3 - axis))
        places = np.arange(len(lines)) % TILE
        on.append(lines[places == TILE - 1])
        beside += [lines[places == TILE - 2], lines[places == 0]]
    across, near = (float(np.concatenate(lines).mean()) for lines in (on, beside))
    return across / near if near > LEAST else 1.0 if across <= LEAST else float("inf")


def _steps(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Changes of lightness from each row to the next [F, H - 1, W], and from each column [F, H, W - 1]."""
    light = luma(pictures)
    return np.diff(light, axis=1), np.diff(light, axis=2)
