"""Arithmetic on fields [F, H, W] and pictures [F, H, W, 3], float32, that every style shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bytes = NDArray[np.uint8]
LIGHTNESS = np.array([0.3, 0.59, 0.11], np.float32)


class Ramp:
    """Colours over 0..1: called with a field [F, H, W], it gives a picture [F, H, W, 3] in 0..1."""

    def __init__(self, colours: Array | Sequence[int]) -> None:
        """colours: [N, 3] in 0..1, or N numbers 0xRRGGBB; they are spread evenly, and blended between."""
        stops = colours if isinstance(colours, np.ndarray) else np.stack([rgb(colour) for colour in colours])
        at = np.linspace(0, 1, len(stops))
        self.table = np.stack([np.interp(np.linspace(0, 1, 512), at, part) for part in stops.T], -1).astype(np.float32)

    def __call__(self, field: Array) -> Array:
        at = np.clip(field * 511 + 0.5, 0, 511).astype(np.int16)
        return self.table.take(at, axis=0)

    def at(self, place: float) -> Array:
        """The one colour [3] at a place in 0..1."""
        return self.table[round(place * 511)]


def rgb(colour: int) -> Array:
    """0xRRGGBB as [3] in 0..1."""
    return np.array([colour >> 16 & 255, colour >> 8 & 255, colour & 255], np.float32) / 255


def step(low: float, high: float, field: Array) -> Array:
    """0 below low, 1 above high, and a soft rise between them; for low > high a soft fall."""
    t = np.clip((field - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def mix(one: Array, other: Array, share: Array | float) -> Array:
    """Picture one, and as much of the other (a picture or a colour [3]) as the field `share` [F, H, W] says."""
    return one + (other - one) * (share[..., None] if isinstance(share, np.ndarray) else np.float32(share))


def add(picture: Array, colour: Array, much: Array) -> Array:
    """Light of a colour [3], or of a picture's colours, laid over a picture: it brightens, and never passes white."""
    return picture + (1 - np.minimum(picture, 1)) * (much[..., None] * colour)


def times(picture: Array, field: Array) -> Array:
    """A picture made darker or lighter by a field [F, H, W] or [H, W]."""
    return picture * field[..., None]


def blur(field: Array, sigma: float) -> Array:
    """Each frame blurred by itself."""
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in field])


def slopes(field: Array) -> tuple[Array, Array]:
    """How much a field rises in a pixel to the right, and in a pixel downwards."""
    across = np.stack([cv2.Sobel(frame, cv2.CV_32F, 1, 0, ksize=3, scale=0.125) for frame in field])
    down = np.stack([cv2.Sobel(frame, cv2.CV_32F, 0, 1, ksize=3, scale=0.125) for frame in field])
    return across, down


def shift(field: Array, right: int, down: int) -> Array:
    """The field moved by whole pixels; what comes in at the border repeats it."""
    height, width = field.shape[1:3]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return field[:, rows[:, None], columns]
