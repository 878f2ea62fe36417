"""Masks of the input's own pixels: how bright, how opaque, how near to a key colour."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

PALEST = 0.5
"""Colours of the key's hue count as the key from this share of its saturation on: a shadow on a green screen."""
COLOURLESS = 8.0
"""A key with less chroma, of 255, has no hue: what is grey is meant."""


def luma(picture: np.ndarray) -> np.ndarray:
    """Brightness 0..1 (Rec. 601)."""
    return cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0


def alpha(picture: np.ndarray) -> np.ndarray | None:
    """Opacity 0..1; None for a picture without alpha."""
    return picture[..., 3].astype(np.float32) / 255.0 if picture.shape[2] == 4 else None


def chroma(
    picture: np.ndarray, key: tuple[float, ...], tolerance: float, softness: float
) -> np.ndarray:
    """1 for the key colour (RGB 0..1), 0 for others.

    It depends on two bytes of a pixel alone, so it is looked up.
    """
    bytes_of = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2YCrCb).astype(np.uint16)
    return key_table(key, tolerance, softness).take(256 * bytes_of[..., 1] + bytes_of[..., 2])


@lru_cache(maxsize=4)
def key_table(key: tuple[float, ...], tolerance: float, softness: float) -> np.ndarray:
    """`[65536]` float32 by 256 Cr + Cb: 1 up to `tolerance` from the key, 0 from `softness` further on."""
    red, blue = np.meshgrid(np.arange(256.0) - 128.0, np.arange(256.0) - 128.0, indexing="ij")
    beyond = chroma_distance(red, blue, key) - tolerance
    return np.clip(1.0 - beyond / max(softness, 1e-6), 0.0, 1.0).astype(np.float32).ravel()


def chroma_distance(red: np.ndarray, blue: np.ndarray, key: tuple[float, ...]) -> np.ndarray:
    """How far colours (Cr and Cb less 128) are from the key's hue, in shares of the key's saturation.

    It is the distance from the ray of the key's hue that begins at PALEST of its saturation: darker or lighter, which
    is less saturated too, is as near as the key itself. Grey is at PALEST or further from every key.
    """
    pixel = np.array([[key]], np.float32) * 255.0
    _, *of_key = (float(part) for part in cv2.cvtColor(np.rint(pixel).astype(np.uint8), cv2.COLOR_RGB2YCrCb)[0, 0])
    key_red, key_blue = of_key[0] - 128.0, of_key[1] - 128.0
    saturation = float(np.hypot(key_red, key_blue))
    if saturation < COLOURLESS:
        return np.hypot(red, blue) / 128.0
    along = (red * key_red + blue * key_blue) / saturation**2
    across = (red * key_blue - blue * key_red) / saturation**2
    return np.hypot(across, np.maximum(PALEST - along, 0.0))
