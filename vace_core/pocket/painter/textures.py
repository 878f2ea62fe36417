"""Textures that are fixed to the screen: tiles of 16 x 16 pixels, since the model knows no place but within a tile.

A tile holds numbers in 0..1. Some are patterns to look at, some are thresholds: where a field passes the tile's number
there is ink, so that a dot or a line grows with the field.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from .fields import Array, step

SIDE = 16
_Y, _X = np.mgrid[:SIDE, :SIDE].astype(np.float32) + np.float32(0.5)


def tiled(tile: Array, like: Array) -> Array:
    """The tile repeated over the rows and columns of a field [F, H, W] -> [H, W]."""
    height, width = like.shape[1:3]
    return np.tile(tile, (-(-height // SIDE), -(-width // SIDE)))[:height, :width]


def at(tile: Array, x: Array, y: Array) -> Array:
    """The tile looked up at columns and rows [F, H, W] in pixels, none below -64, to a quarter of a pixel."""
    columns = (x * 4 + 256).astype(np.int32) & 63
    rows = (y * 4 + 256).astype(np.int32) & 63
    return _fine(tile.tobytes()).take(rows * 64 + columns)


def places(like: Array) -> tuple[Array, Array]:
    """Column and row [H, W] of every pixel of a field [F, H, W]."""
    y, x = np.mgrid[: like.shape[1], : like.shape[2]].astype(np.float32)
    return x, y


def ink(threshold: Array, field: Array, soft: float = 0.12) -> Array:
    """How much ink lies where a field [F, H, W] passes a threshold [H, W] or [F, H, W], with soft borders."""
    return np.clip((field - threshold) * np.float32(0.5 / soft) + 0.5, 0, 1)


def _wave(phase: Array) -> Array:
    """A triangle wave of period 1: 0 at whole numbers, 1 between them."""
    return 1 - np.abs(2 * (phase - np.floor(phase)) - 1)


@lru_cache(maxsize=32)
def _fine(tile: bytes) -> Array:
    """A tile, by its bytes, blended to quarters of a pixel [64 * 64]."""
    pixels = np.frombuffer(tile, np.float32).reshape(SIDE, SIDE)
    along = np.arange(64, dtype=np.float32) / 4 + np.float32(0.125)
    first, share = along.astype(int), (along % 1)[:, None]
    down = pixels[first] * (1 - share) + pixels[(first + 1) % SIDE] * share
    return (down[:, first] * (1 - share.T) + down[:, (first + 1) % SIDE] * share.T).ravel()


def _noise(seed: int, across: float, down: float) -> Array:
    """Noise of equally many values of each, blurred so far across and down, that has no seams."""
    rough = np.random.default_rng(seed).standard_normal((SIDE, SIDE)).astype(np.float32)
    wide = cv2.GaussianBlur(np.tile(rough, (5, 5)), (0, 0), across, sigmaY=down)[
        2 * SIDE : 3 * SIDE, 2 * SIDE : 3 * SIDE
    ]
    ranks = wide.ravel().argsort().argsort().reshape(SIDE, SIDE)
    return (ranks / (SIDE * SIDE - 1)).astype(np.float32)


def _glyphs() -> Array:
    marks = ("0111011 0010010 0111110 0010010 0100010", "1111100 0000100 0011000 0101010 1001001",
             "0010000 1111110 0010010 0010010 0100110", "1000010 0100010 0010100 0001000 1110000")  # fmt: skip
    out = np.zeros((SIDE, SIDE), np.float32)
    for number, mark in enumerate(marks):
        rows = np.array([[int(one) for one in row] for row in mark.split()], np.float32)
        top, left = 8 * (number // 2) + 2, 8 * (number % 2) + 1
        out[top : top + 5, left : left + 7] = rows
    return np.roll(out, (3, 3), (0, 1))


def _cells() -> Array:
    """How near a wall between scattered cells each pixel is, 1 on a wall."""
    points = np.random.default_rng(5).uniform(0, SIDE, (3, 2)).astype(np.float32)
    away = np.abs(np.stack([_Y, _X], -1)[None] - points[:, None, None])
    away = np.sort(np.hypot(*np.moveaxis(np.minimum(away, SIDE - away), -1, 0)), axis=0)
    return step(2.2, 0.3, away[1] - away[0])


GRAIN = _noise(3, 0.7, 0.7)
"""Fine grain, as of paper."""
CLOUD = _noise(8, 1.8, 1.8)
"""Softer blotches."""
FIBRE = _noise(4, 1.1, 1.1)
"""What strokes and streaks are drawn from."""
LYING, STANDING = _noise(4, 5.0, 1.0), _noise(6, 1.0, 5.0)
"""Grain that runs across, as in a board, and that runs upwards, as in flames and curtains."""
DOTS = np.sqrt(np.minimum((_X % 8 - 3.5) ** 2 + (_Y % 8 - 3.5) ** 2, (np.abs(_X % 8 - 3.5) - 4) ** 2 +
               (np.abs(_Y % 8 - 3.5) - 4) ** 2)) / 4  # fmt: skip
"""Distance from the dots of a halftone that stands at 45 degrees: 0 in a dot, 1 half way between two."""
HATCH = _wave((_X + _Y + 3) / 8)
"""Diagonal lines, eight pixels apart: 0 in a line."""
BACK_HATCH = _wave((_X - _Y + 5) / 8)
"""The same, falling the other way."""
SCAN = _wave((_Y + 3) / 8)
"""Level lines, eight pixels apart: 0 in a line."""
FINE_SCAN = _wave((_Y + 1.5) / 4)
"""Level lines, four pixels apart: 0 in a line."""
GRID = np.minimum(np.abs(_X - 5), np.abs(_Y - 5)) / 8
"""Distance from the lines of a grid, sixteen pixels apart."""
BOARD = step(-0.12, 0.12, np.sin((_X - 5) * np.pi / 8) * np.sin((_Y - 5) * np.pi / 8))
"""A chessboard of fields of eight pixels."""
STRIPES = step(0.42, 0.58, _wave((_X + _Y + 3) / 16))
"""Broad diagonal stripes, sixteen pixels apart."""
WEAVE = 0.5 + 0.25 * (np.cos((_X - 3) * np.pi / 4) - np.cos((_Y - 3) * np.pi / 4))
"""Cloth: warp and weft by turns."""
KNIT = _wave((np.abs(_X % 8 - 3.5) * -0.9 + _Y + 3) / 8) * step(4.2, 3.0, np.abs(_X % 8 - 3.5))
"""Stitches of a jumper: 1 on the yarn."""
PANE_X, PANE_Y = ((_X - 3) % 8 - 4) / 4, ((_Y - 3) % 8 - 4) / 4
"""Where in a square of eight pixels a pixel is, in -1..1; see `printing.cells`."""
DIAMONDS = np.minimum(np.abs((_X + _Y - 5) % 16 - 8), np.abs((_X - _Y - 3) % 16 - 8)) / 8
"""Distance from the lines of a lattice that stands on its corners: 0 on a line."""
VEIN = step(0.3, 0.0, np.abs((_X - _Y + 2.6 * np.sin(np.pi * _Y / 8) + 1.2 * np.sin(np.pi * _X / 4) + 4) % 16 - 8) / 8)
"""A vein of marble that wanders across."""
TRIADS = tuple(_wave((_X - 3 - 8 / 3 * n) / 8) for n in range(3))
"""The red, green and blue bars of a screen."""
STARS = np.maximum(
    np.exp(-((_X - 4.5) ** 2 + (_Y - 10.5) ** 2) / 0.6), 0.5 * np.exp(-((_X - 12.5) ** 2 + (_Y - 3.5) ** 2) / 0.5)
)
"""Two stars, a bright and a faint one."""
RAIN = np.exp(-((((_X + 0.5 * _Y) % 8) - 3.5) ** 2) / 0.5) * _wave((_X + _Y + 5) / 16)
"""Slanting streaks."""
FLAKES = np.max([step(wide, wide - 1.6, np.hypot((_X - x + 8) % 16 - 8, (_Y - y + 8) % 16 - 8))
                 for x, y, wide in ((4.5, 3.5, 2.6), (12.5, 6.0, 1.9), (8.0, 12.5, 2.2))], axis=0)  # fmt: skip
"""Three flakes of snow."""
GLYPHS = _glyphs()
"""Four letters of no alphabet."""
CELLS = _cells()
"""Walls between three scattered cells."""
CRACKS = CELLS * step(0.15, 0.6, CLOUD)
"""Some of them, as cracks that run out."""
