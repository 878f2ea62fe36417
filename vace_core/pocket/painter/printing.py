"""What is printed, leaded, laid of tiles, or shown on a screen."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, mix, rgb, shift, step, times
from .form import Form
from .style import Style
from .textures import DOTS, GLYPHS, GRAIN, PANES, SCAN, ink, tiled

CELL, FIRST = 8, 3
"""The side of a cell in pixels, and where the second one begins."""


def cells(field: Array) -> Array:
    """The mean of a field [F, H, W] in cells of eight pixels, in their place."""
    height, width = field.shape[1:]
    before, rows, columns = CELL - FIRST, -(-(height + CELL - FIRST) // CELL), -(-(width + CELL - FIRST) // CELL)
    wide = ((0, 0), (before, rows * CELL - height - before), (before, columns * CELL - width - before))
    mean = np.pad(field, wide, mode="edge").reshape(len(field), rows, CELL, columns, CELL).mean(axis=(2, 4))
    return mean.repeat(CELL, 1).repeat(CELL, 2)[:, before : before + height, before : before + width]


def popart(form: Form, ramp: Ramp) -> Array:
    """A comic in print: flat colours, dots for the shades between them, black outlines."""
    dots = tiled(DOTS, form.level)
    low = mix(
        ramp.at(0.75) * np.ones((*form.level.shape, 3), np.float32),
        ramp.at(0.5),
        ink(dots * 0.8, 1.6 * form.level, 0.1),
    )
    high = mix(ramp.at(0.25) * np.ones_like(low), ramp.at(1.0), ink(dots * 0.9 + 0.1, 2.6 * form.level - 1.3, 0.1))
    drawn = mix(low, high, step(0.42, 0.5, form.level))
    return mix(drawn, ramp.at(0.0), np.clip(1.3 * form.edge, 0, 1))


def stained_glass(form: Form, ramp: Ramp) -> Array:
    """Coloured glass in lead: panes by level and by the way they face, the sun behind them."""
    x, y, _ = form.normal
    pane = 0.3 + 0.5 * form.level + 0.2 * step(-0.4, 0.4, x) - 0.14 * step(-0.4, 0.4, y)
    lead = np.maximum(form.lines(4.0, 1.0), form.edge)
    ripple = 0.86 + 0.28 * tiled(GRAIN, form.level)
    lit = times(ramp(pane), ripple * (0.75 + 0.5 * form.light))
    return mix(lit, ramp.at(0.0), lead)


def mosaic(form: Form, ramp: Ramp) -> Array:
    """Small square stones, set in grey mortar."""
    tone = cells(form.level)
    tilt = cells(form.light) - np.float32(0.5)
    bump = 0.86 + 0.14 * tiled(GRAIN, form.level)
    joint = step(0.62, 0.85, tiled(1 - PANES, form.level))
    return mix(times(ramp(0.12 + 0.8 * tone + 0.5 * tilt), bump), rgb(0x6A6258), 0.85 * (1 - joint))


def pixel(form: Form, ramp: Ramp) -> Array:
    """Pixel art: big squares of few colours."""
    tone = cells(np.clip(form.level + 0.25 * (form.light - 0.5), 0, 1))
    return ramp(np.round(tone * 5) / 5)


def glitch(form: Form, ramp: Ramp) -> Array:
    """A signal that falls apart: its colours part, its rows slip."""
    tone = 0.08 + 0.7 * form.level + 0.45 * form.edge + 0.25 * (form.light - 0.5)
    row = np.arange(form.level.shape[1])
    slipped = ((row + 3) // 8 % 2 == 0)[:, None]
    tone = np.where(slipped, shift(tone, 4, 0), tone)
    red, blue = shift(tone, -5, 0), shift(tone, 5, 0)
    picture = np.stack([ramp(red)[..., 0], ramp(tone)[..., 1], ramp(blue)[..., 2]], -1)
    return times(picture, 0.75 + 0.25 * tiled(SCAN, form.level))


def matrix(form: Form, ramp: Ramp) -> Array:
    """Falling code: green letters, brighter where something is."""
    letter = tiled(GLYPHS, form.level)
    bright = 0.22 + 0.75 * form.level + 0.35 * form.edge
    return ramp(np.clip(letter * bright + 0.16 * form.body + 0.22 * form.halo, 0, 1))


STYLES = {
    "popart": Style((0x0A0A12, 0xE8202E, 0x18A0E0, 0xFFE23A, 0xFFF8E8), popart),
    "stained-glass": Style((0x08060A, 0x5A1090, 0x1446C8, 0x0A9A6A, 0xE8C01E, 0xF0461E, 0xFFE8A0), stained_glass),
    "mosaic": Style((0x12304A, 0x1E6E86, 0x9A8A5A, 0xD8A24A, 0xF4E8CC), mosaic),
    "pixel": Style((0x1A1C2C, 0x5D275D, 0xB13E53, 0xEF7D57, 0xFFCD75, 0xF4F4F4), pixel),
    "glitch": Style((0x101014, 0x3A3A4A, 0xA8A8C0, 0xFFFFFF), glitch),
    "matrix": Style((0x000A04, 0x004A1A, 0x00B83C, 0x5CFF7A, 0xE8FFE8), matrix),
}
