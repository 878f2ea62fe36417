"""What is done to a mask, in this order: threshold, box, inversion, growth, steadying, feather; and compositing."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def crisp(mask: np.ndarray, threshold: float) -> np.ndarray:
    """1 from the threshold on, else 0; 0 leaves the mask as soft as it is."""
    return (mask >= threshold).astype(np.float32) if threshold > 0.0 else mask


def solid(mask: np.ndarray) -> np.ndarray:
    """1 wherever a soft mask is not 0: all that shows anything of what is made has to be made."""
    return (mask > 0.0).astype(np.float32)


def grown(mask: np.ndarray, pixels: float) -> np.ndarray:
    """The white part larger by so many pixels all round, smaller where they are negative; to the nearest whole one.

    Discs of two pixels one after the other: nearly round, and as fast for many pixels as a large disc is slow.
    """
    change = cv2.dilate if pixels > 0 else cv2.erode
    twos, ones = divmod(abs(round(pixels)), 2)
    if twos:
        mask = change(mask, DISC, iterations=twos)
    return change(mask, CROSS) if ones else mask


def shaped(mask: np.ndarray, invert: bool, grow: float) -> np.ndarray:
    """Inverted, then grown."""
    return grown(1.0 - mask if invert else mask, grow)


class Steadier:
    """Takes the flicker out of masks: each is the mean of the latest few, or what most of them say if they are crisp.

    What is older than those few is forgotten, so nothing trails behind for longer.
    """

    def __init__(self) -> None:
        self._past: list[np.ndarray] = []

    def update(self, masks: Sequence[np.ndarray | None], frames: int, soft: bool) -> list[np.ndarray | None]:
        """The masks of the next frames, steadied over so many of them (0 and 1 are off). None stays None."""
        if frames < 2:
            self.reset()
            return list(masks)
        past = self._past[-frames:]
        total = sum(past, np.zeros(1, np.float32))
        steady: list[np.ndarray | None] = []
        for mask in masks:
            if mask is None:
                steady.append(None)
                continue
            past.append(mask)
            total = total + mask
            if len(past) > frames:
                total -= past.pop(0)
            steady.append(total / len(past) if soft else (2 * total >= len(past)).astype(np.float32))
        self._past = past
        return steady

    def reset(self) -> None:
        self._past = []


def feathered(mask: np.ndarray, pixels: float) -> np.ndarray:
    """The mask with its edge softened over `pixels` on either side, and untouched beyond; itself for 0."""
    reach = round(pixels)
    if reach < 1:
        return mask
    for half in (reach // 2, reach - reach // 2):
        mask = cv2.blur(mask, (2 * half + 1, 2 * half + 1))
    return mask


def composite(made: np.ndarray, kept: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`made` where the mask is 1, `kept` where it is 0, mixed between; RGB uint8 `[H, W, 3]`, exact at 0 and 1."""
    weight = mask[..., None]
    mixed = made.astype(np.float32) * weight + kept[..., :3].astype(np.float32) * (1.0 - weight)
    return np.rint(mixed).astype(np.uint8)
