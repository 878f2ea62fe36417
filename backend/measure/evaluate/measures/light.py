"""Light and colour: how far colours are apart, and what a whole show looks like in a few numbers."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import cv2
import numpy as np

from .likeness import luma

LEAST = 1e-3
SOFT = 2.0
"""Pixels, the sigma of the blur before colours are compared."""


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
    """Mean CIELAB difference (1976; about 2 is just seen, 100 is black against white) of pictures [F, H, W, 3] uint8.

    Both are blurred first, so that it is colours that are compared and not where exactly an edge lies.
    """
    apart = [np.linalg.norm(_lab(one) - _lab(other), axis=-1).mean() for one, other in zip(a, b, strict=True)]
    return float(np.mean(apart))


def _lab(picture: np.ndarray) -> np.ndarray:
    soft = cv2.GaussianBlur(picture.astype(np.float32) / 255, (0, 0), SOFT)
    return cv2.cvtColor(soft, cv2.COLOR_RGB2LAB)
