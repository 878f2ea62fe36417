"""What is drawn or painted by hand on paper and canvas."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, add, blur, mix, rgb, shift, step, times
from .form import Form
from .style import Style
from .textures import BACK_HATCH, FIBRE, GRAIN, GRID, HATCH, WEAVE, at, ink, places, tiled

WHITE = rgb(0xFFFFFF)


def watercolour(form: Form, ramp: Ramp) -> Array:
    """Washes on white paper: pigment gathers at their borders, and the paper's grain shows through."""
    grain = tiled(GRAIN, form.level) - np.float32(0.5)
    wash = blur(form.level, 1.5)
    colour = ramp(1 - 0.88 * wash)
    paper = mix(rgb(0xFDFAF2) * np.ones_like(colour), colour, np.clip(0.1 + 1.15 * wash + 0.08 * grain, 0, 1))
    border = np.clip(1.6 * form.edge * step(0.1, 0.4, form.level), 0, 1)
    return times(paper, 1 - 0.42 * border - 0.04 * grain)


def ink_wash(form: Form, ramp: Ramp) -> Array:
    """Ink on rice paper: a wet brush along the edges, grey washes in the depth."""
    stroke = np.clip(blur(form.edge, 1.0) * 1.5 * (1.25 - 0.9 * form.light), 0, 1)
    wash = 0.78 * step(0.2, 0.95, form.level) * (0.55 + 0.9 * (0.5 - form.light)) + 0.16 * form.halo
    grain = 0.05 * (tiled(FIBRE, form.level) - np.float32(0.5))
    return ramp(1 - np.clip(wash + grain, 0, 0.7) - 0.98 * stroke)


def charcoal(form: Form, ramp: Ramp) -> Array:
    """Charcoal and white chalk on toned paper: hatched in the shade, heightened in the light."""
    shade = np.clip(1.05 - 0.8 * form.level - 0.9 * (form.light - 0.5), 0, 1)
    one = ink(tiled(1 - HATCH, form.level) * 0.5 + 0.45, shade, 0.2)
    two = ink(tiled(1 - BACK_HATCH, form.level) * 0.5 + 0.75, shade, 0.2)
    grain = tiled(GRAIN, form.level) - np.float32(0.5)
    tone = 0.6 + 0.1 * grain - 0.3 * one * step(0.02, 0.3, form.body) - 0.3 * two - 0.55 * form.edge
    chalk = step(0.55, 0.95, form.level + 0.7 * (form.light - 0.5) + 0.2 * grain)
    return mix(ramp(tone), ramp.at(1.0), 0.9 * chalk * (1 - form.edge))


def blueprint(form: Form, ramp: Ramp) -> Array:
    """An engineer's drawing: white lines and contours on blue, over a fine grid."""
    grid = 0.16 * step(0.12, 0.03, tiled(GRID, form.level))
    hatch = 0.34 * step(0.3, 0.1, tiled(HATCH, form.level)) * step(0.35, 0.75, form.level)
    tone = 0.22 + 0.16 * form.level + grid + hatch + 0.8 * form.edge + 0.5 * form.lines(4.0, 0.6)
    return ramp(tone)


def oil(form: Form, ramp: Ramp) -> Array:
    """Thick oil: strokes that follow the forms, each with its own light."""
    right, down = -form.wide[1] + np.float32(0.012), form.wide[0] + np.float32(0.006)
    length = np.hypot(right, down) + np.float32(1e-3)
    right, down = right / length, down / length
    column, row = places(form.level)
    stroke = sum(at(FIBRE, column + n * right, row + n * down) for n in (-5, -2.5, 0, 2.5, 5)) / 5 - np.float32(0.5)
    tone = 0.1 + 0.66 * form.level + 0.4 * (form.light - 0.5) + 0.62 * stroke
    return times(ramp(tone), 1 + 0.5 * stroke + 0.3 * (form.light - 0.5))


def paper(form: Form, ramp: Ramp) -> Array:
    """Cut paper: sheets of colour lying over each other, each with its shadow."""
    sheet = form.stairs(4)
    above = blur(shift(sheet, 2, 2), 1.6)
    shadow = np.clip(2.6 * (above - sheet), 0, 0.7)
    cut = np.clip(2.0 * (sheet - blur(sheet, 1.0)), 0, 0.3)
    weave = 0.05 * (tiled(WEAVE, form.level) - np.float32(0.5))
    return times(add(ramp(sheet), WHITE, cut), 1 - shadow + weave)


STYLES = {
    "watercolour": Style((0x2E2A86, 0x7A3AA0, 0xE0507E, 0xF7A072, 0x6EC6CC, 0xCDE8D8), watercolour),
    "ink": Style((0x0A0A0C, 0x454240, 0x9C9484, 0xE6DABC, 0xF4EACF), ink_wash),
    "charcoal": Style((0x0A0908, 0x3A3632, 0x8A8074, 0xB8AC9A, 0xFFFCF4), charcoal),
    "blueprint": Style((0x04184A, 0x0A3CA0, 0x3A78D8, 0xA8CCF8, 0xFFFFFF), blueprint),
    "oil": Style((0x0A1238, 0x1C3C9A, 0x2E86B8, 0x8CC08A, 0xF2C230, 0xFFF0B0), oil),
    "paper": Style((0x16324F, 0x1F7A8C, 0xF2B134, 0xED553B, 0xFFF3DC), paper),
}
