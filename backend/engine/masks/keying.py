"""Masks of the input's own pixels: how bright, how opaque, how near to a key colour."""

from __future__ import annotations

import cv2
import numpy as np

DARK = 0.06
"""Brightness up to which a colour is less and less one: black is grey, and so is its noise."""
COLOURLESS = 0.05
"""A key with less colour than this has no hue: what is grey is meant."""


def luma(picture: np.ndarray) -> np.ndarray:
    """Brightness 0..1 (Rec. 601)."""
    return cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0


def alpha(picture: np.ndarray) -> np.ndarray | None:
    """Opacity 0..1; None for a picture without alpha."""
    return picture[..., 3].astype(np.float32) / 255.0 if picture.shape[2] == 4 else None


def opaque(picture: np.ndarray) -> bool:
    """Whether nothing of a picture shows through: it has no alpha, or one that says nothing."""
    return picture.shape[2] < 4 or bool((picture[..., 3] == 255).all())


def chroma(picture: np.ndarray, key: tuple[float, ...], tolerance: float, softness: float) -> np.ndarray:
    """1 for the key colour (RGB 0..1) and what is no further than `tolerance` from it, 0 from `softness` further on."""
    beyond = key_distance(picture, key) - np.float32(tolerance)
    return np.clip(1.0 - beyond / np.float32(max(softness, 1e-6)), 0.0, 1.0)


def key_distance(picture: np.ndarray, key: tuple[float, ...]) -> np.ndarray:
    """How far each pixel's colour is from the key's, 1 being how far grey is from it; for a grey key, from grey.

    Colours are Cr and Cb over brightness, which a shadow leaves as they are.
    """
    red, blue = _colour(picture[..., :3].astype(np.float32) / 255.0)
    key_red, key_blue = (float(part[0, 0]) for part in _colour(np.array([[key]], np.float32)))
    strength = float(np.hypot(key_red, key_blue))
    if strength < COLOURLESS:
        return cv2.magnitude(red, blue)
    return cv2.magnitude(red - key_red, blue - key_blue) / strength


def _colour(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of RGB float32 in 0..1."""
    light, red, blue = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    light += DARK
    return (red - 0.5) / light, (blue - 0.5) / light
