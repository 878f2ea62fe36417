"""Metals: what shines, and shows its surroundings."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, add, mix, rgb, step, times
from .form import Form
from .style import Style
from .textures import CLOUD, DOTS, tiled

WHITE = rgb(0xFFFFFF)


def gold(form: Form, ramp: Ramp) -> Array:
    """Hammered gold: dark hollows, a warm body, pale reflections on what faces the light."""
    dent = tiled(DOTS, form.level) - np.float32(0.5)
    tone = 0.1 + 0.56 * form.level + 0.85 * (form.light - 0.5) - 0.07 * dent
    return add(times(ramp(tone), 1 - 0.35 * step(0.1, 0.5, form.rim) * (form.light < 0.5)), rgb(0xFFF2C0), form.shine())


def chrome(form: Form, ramp: Ramp) -> Array:
    """Liquid chrome: a bright sky and a dark ground, with a sharp horizon between them, in everything that curves."""
    slope = 3.0 * form.steep[1] + 24.0 * form.wide[1]
    down = -slope / np.sqrt(1 + slope * slope)
    around = step(-1.0, -0.45, down) * (1 - 0.3 * step(-0.4, -0.1, down)) - 0.7 * step(0.06, 0.36, down)
    around = around + 0.6 * step(0.35, 0.95, down)
    flat = 0.22 + 0.56 * form.level + 0.3 * (form.light - 0.5)
    return add(ramp(flat + (around - flat) * step(0.015, 0.12, form.rim)), WHITE, form.shine(12.0))


def copper(form: Form, ramp: Ramp) -> Array:
    """Copper that has gone green wherever nothing rubs it: polished on what stands out."""
    rough = tiled(CLOUD, form.level) - np.float32(0.5)
    worn = step(0.22, 0.48, form.level + 0.5 * (form.light - 0.5) + 0.3 * form.edge + 0.09 * rough)
    green = ramp(0.1 + 0.3 * form.level + 0.3 * (form.light - 0.5) + 0.08 * rough)
    shone = ramp(0.52 + 0.3 * form.level + 0.55 * (form.light - 0.5))
    return add(mix(green, shone, worn), rgb(0xFFE2CC), 0.9 * form.shine())


STYLES = {
    "gold": Style((0x0E0602, 0x3A1E04, 0x8A5408, 0xD9961A, 0xFFD052, 0xFFF3BC), gold),
    "chrome": Style((0x04060B, 0x222E3E, 0x66788C, 0xB4C2D0, 0xFFFFFF), chrome),
    "copper": Style((0x06322E, 0x1F8A7A, 0x6CC9AE, 0x8A3A1C, 0xD9743C, 0xFFC49A), copper),
}
