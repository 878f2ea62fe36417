"""Masks: which part of the picture is made anew (1) and which is kept (0).

Pictures are numpy arrays of the stream's size, uint8, `[H, W, 3]` RGB or `[H, W, 4]` RGBA; masks are float32 `[H, W]`
in 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

SHAPES = ("left", "right", "top", "bottom", "center")
FROM_INPUT = ("luma", "alpha")
NAMED = ("none", *FROM_INPUT, *SHAPES)
"""What a mask source can be besides a frame address."""


def shape_mask(name: str, height: int, width: int) -> np.ndarray:
    """The part of the picture that `name` says, for one of SHAPES; "center" is half as wide and half as high."""
    mask = np.zeros((height, width), np.float32)
    rows, columns = {
        "left": (slice(None), slice(0, width // 2)),
        "right": (slice(None), slice(width // 2, None)),
        "top": (slice(0, height // 2), slice(None)),
        "bottom": (slice(height // 2, None), slice(None)),
        "center": (slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)),
    }[name]
    mask[rows, columns] = 1.0
    return mask


def luma(picture: np.ndarray) -> np.ndarray:
    """Brightness 0..1 (Rec. 601)."""
    return cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0


def alpha(picture: np.ndarray) -> np.ndarray:
    """Opacity 0..1; a picture without alpha is opaque."""
    if picture.shape[2] < 4:
        return np.ones(picture.shape[:2], np.float32)
    return picture[..., 3].astype(np.float32) / 255.0


def build_masks(
    source: str, pictures: Sequence[np.ndarray], mattes: Sequence[np.ndarray] | None, threshold: float, invert: bool
) -> list[np.ndarray] | None:
    """One crisp mask (0 or 1) a picture; None for no mask.

    source: one of NAMED, or a frame address, in which case `mattes` are its pictures, one for each of `pictures`.
    """
    if source == "none":
        return None
    if source in SHAPES:
        height, width = pictures[0].shape[:2]
        soft = [shape_mask(source, height, width)] * len(pictures)
    elif source == "alpha":
        soft = [alpha(picture) for picture in pictures]
    elif source == "luma":
        soft = [luma(picture) for picture in pictures]
    elif mattes is not None:
        soft = [luma(matte) for matte in mattes]
    else:
        return None  # its first picture has not come yet
    crisp = [(mask > threshold).astype(np.float32) for mask in soft]
    return [1.0 - mask for mask in crisp] if invert else crisp


def feathered(mask: np.ndarray, pixels: float) -> np.ndarray:
    """The mask with its edge softened over about `pixels` on either side; itself for 0."""
    if pixels < 0.5:
        return mask
    radius = max(1, round(pixels))
    return cv2.blur(cv2.blur(mask, (radius, radius)), (radius, radius))


def composite(made: np.ndarray, kept: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`made` where the mask is 1, `kept` where it is 0, mixed between; RGB uint8 `[H, W, 3]`, exact at 0 and 1."""
    weight = mask[..., None]
    mixed = made.astype(np.float32) * weight + kept[..., :3].astype(np.float32) * (1.0 - weight)
    return np.rint(mixed).astype(np.uint8)
