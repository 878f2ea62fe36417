"""Layout as a form: every box is filled by a thing that swells towards the viewer, round at its corners."""

from __future__ import annotations

import cv2
import numpy as np

from vace_core.annotators.layout import PALETTE

from .fields import Array, Bytes

ROUND = 30.0
"""How many pixels from its sides a thing swells, at most."""
SMALLEST = 8
"""Boxes with a shorter side are scraps of boxes that others cover."""
_COLOURS = [red << 16 | green << 8 | blue for red, green, blue in PALETTE]
_WHITE = 0xFFFFFF


def boxes(control: Bytes) -> Array:
    """Boxes on white [F, H, W, 3] as `annotators.layout` draws them -> level [F, H, W] in 0..1, 0 outside."""
    return np.stack([_things(frame) for frame in control])


def _things(frame: Bytes) -> Array:
    code = (frame.astype(np.int32) * (1 << 16, 1 << 8, 1)).sum(axis=-1)
    level = np.zeros(code.shape, np.float32)
    for colour in set(_COLOURS) & set(np.unique(code[code != _WHITE]).tolist()):
        _, _, stats, _ = cv2.connectedComponentsWithStats((code == colour).astype(np.uint8))
        for left, top, wide, tall, _ in stats[1:]:
            if min(wide, tall) >= SMALLEST:
                part = level[top : top + tall, left : left + wide]
                np.maximum(part, _swelling(int(wide), int(tall)), out=part)
    return level


def _swelling(wide: int, tall: int) -> Array:
    """A thing in a box [tall, wide]: 0 in its corners, a quarter at its sides, 1 in its middle."""
    reach = min(ROUND, wide / 2, tall / 2)
    x = np.arange(wide, dtype=np.float32) + np.float32(0.5)
    y = np.arange(tall, dtype=np.float32) + np.float32(0.5)
    out_x = np.maximum(reach - np.minimum(x, wide - x), 0) / reach
    out_y = np.maximum(reach - np.minimum(y, tall - y), 0) / reach
    away = out_x[None, :] ** 2 + out_y[:, None] ** 2
    return np.where(away < 1, 0.2 + 0.8 * np.sqrt(np.maximum(1 - away, 0)), 0).astype(np.float32)
