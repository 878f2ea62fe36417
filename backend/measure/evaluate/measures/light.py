"""Light and colour: inside a region against outside, and what a whole show looks like in a few numbers."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import cv2
import numpy as np

from .likeness import luma

LEAST = 1e-3


def contrast(pictures: np.ndarray, inside: np.ndarray) -> float:
    """(light inside - light outside) / (their sum), -1..1, over a clip; 0 where one of the two is empty.

    pictures [F, H, W, 3] uint8, inside [F, H, W] in 0..1.
    """
    light, region = luma(pictures), inside > 0.5
    if region.all() or not region.any():
        return 0.0
    within, without = float(light[region].mean()), float(light[~region].mean())
    return (within - without) / max(within + without, LEAST)


@dataclass(frozen=True)
class Tone:
    """Means over pictures: lightness and its spread 0..1, how far the colours are from grey 0..1, strength of edges."""

    lightness: float
    contrast: float
    colour: float
    sharpness: float

    @classmethod
    def of(cls, pictures: np.ndarray) -> Tone:
        light = luma(pictures)
        unit = pictures.astype(np.float32) / 255
        edges = [np.abs(cv2.Laplacian(frame, cv2.CV_32F)).mean() for frame in light]
        return cls(
            lightness=float(light.mean()),
            contrast=float(light.std(axis=(1, 2)).mean()),
            colour=float((unit.max(axis=-1) - unit.min(axis=-1)).mean()),
            sharpness=float(np.mean(edges)),
        )

    def change(self, since: Tone) -> float:
        """The largest of the four relative changes."""
        return max(abs(now - then) / max(then, LEAST) for now, then in zip(astuple(self), astuple(since), strict=True))


def colour_distance(a: np.ndarray, b: np.ndarray) -> float:
    """How far two sets of pictures [F, H, W, 3] uint8 are apart in their colours, wherever in the picture those are.

    The Fréchet distance of normal distributions with their means and covariances, in RGB 0..1.
    """
    (mean_a, cov_a), (mean_b, cov_b) = (_moments(pictures) for pictures in (a, b))
    root = _root(cov_a)
    shared = _root(root @ cov_b @ root)
    spread = float(np.trace(cov_a) + np.trace(cov_b) - 2 * np.trace(shared))
    return float(np.sqrt(max(float(np.square(mean_a - mean_b).sum()) + spread, 0.0)))


def _moments(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    colours = pictures.reshape(-1, 3).astype(np.float64) / 255
    return colours.mean(axis=0), np.cov(colours, rowvar=False)


def _root(matrix: np.ndarray) -> np.ndarray:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
