"""What is printed, leaded, laid of tiles, or shown on a screen."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, mix, shift, step, times
from .form import Form
from .style import Style
from .textures import DIAMONDS, DOTS, GLYPHS, GRAIN, PANE_X, PANE_Y, TRIADS, ink, tiled

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
    """Coloured glass in lead, the sun behind it: panes by level and by the way they face, a lattice around them."""
    x, y, _ = form.normal
    pane = 0.28 + 0.56 * form.stairs(4) + 0.1 * step(-0.6, 0.6, x) - 0.1 * step(-0.6, 0.6, y)
    behind = step(0.22, 0.1, form.body)
    lattice = step(0.2, 0.06, tiled(DIAMONDS, form.level)) * behind
    lead = np.maximum(np.maximum(form.lines(4.0, 1.0), form.edge), lattice)
    lit = times(ramp(pane), (0.9 + 0.2 * tiled(GRAIN, form.level)) * (0.7 + 0.6 * form.light))
    return mix(lit, ramp.at(0.0), lead)


def mosaic(form: Form, ramp: Ramp) -> Array:
    """Small square stones, set in dark mortar, each a little rounded."""
    across, down = tiled(PANE_X, form.level), tiled(PANE_Y, form.level)
    tilt = cells(form.light) - np.float32(0.5)
    stone = ramp(0.06 + 0.9 * cells(form.level) + 0.4 * tilt)
    joint = step(0.72, 1.0, np.maximum(np.abs(across), np.abs(down)))
    return mix(times(stone, 1 - 0.16 * (across + down)), ramp.at(0.0) * np.float32(0.4), 0.9 * joint)


def pixel(form: Form, ramp: Ramp) -> Array:
    """Pixel art: big squares of few colours."""
    tone = cells(np.clip(form.level + 0.25 * (form.light - 0.5), 0, 1)) * 5
    whole = np.floor(tone)
    return ramp((whole + step(0.3, 0.7, tone - whole)) / 5)


def glitch(form: Form, ramp: Ramp) -> Array:
    """A signal that falls apart: its colours part, its rows slip, the screen's bars show."""
    tone = 0.14 + 0.66 * form.level + 0.5 * form.edge + 0.3 * (form.light - 0.5)
    row = (np.arange(form.level.shape[1]) + 3) % 16
    tone = np.where((row < 5)[:, None], shift(tone, 5, 0), np.where((row > 11)[:, None], shift(tone, -3, 0), tone))
    apart = [
        ramp(shift(tone, way, 0))[..., n] * (0.4 + 0.9 * tiled(TRIADS[n], tone)) for n, way in enumerate((-5, 0, 5))
    ]
    return np.stack(apart, -1)


def matrix(form: Form, ramp: Ramp) -> Array:
    """Falling code: green letters, brighter where something is."""
    letter = tiled(GLYPHS, form.level)
    bright = 0.26 + 0.48 * form.level + 0.3 * form.edge
    return ramp(np.clip(letter * bright + 0.1 * form.body + 0.2 * form.halo, 0, 1))


STYLES = {
    "popart": Style((0x0A0A12, 0xE8202E, 0x18A0E0, 0xFFE23A, 0xFFF8E8), popart),
    "stained-glass": Style((0x08060A, 0x5A1090, 0x1446C8, 0x0A9A6A, 0xE8C01E, 0xF0461E, 0xFFE8A0), stained_glass),
    "mosaic": Style((0x0A2A4A, 0x0E6E8C, 0x3FB0A0, 0xE0A23C, 0xF6E2B0), mosaic),
    "pixel": Style((0x1A1C2C, 0x5D275D, 0xB13E53, 0xEF7D57, 0xFFCD75, 0xF4F4F4), pixel),
    "glitch": Style((0x101014, 0x3A3A4A, 0xA8A8C0, 0xFFFFFF), glitch, glows=True),
    "matrix": Style((0x000A04, 0x004A1A, 0x00B83C, 0x5CFF7A, 0xE8FFE8), matrix, glows=True),
}
