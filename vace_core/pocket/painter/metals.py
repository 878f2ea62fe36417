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
    """Liquid chrome: a sky and a ground with a sharp horizon between them, folded over the relief."""
    _, down, _ = form.normal
    facing = 0.34 + 0.42 * form.level - 0.62 * down
    folded = 0.5 - 0.5 * np.cos(2 * np.pi * np.clip(facing, -0.25, 1.25) * 1.25)
    tone = 0.12 + 0.8 * step(0.1, 0.9, folded) + 0.08 * form.light
    return add(ramp(tone), WHITE, form.shine(12.0))


def copper(form: Form, ramp: Ramp) -> Array:
    """Copper that has gone green wherever nothing rubs it: polished on what stands out."""
    rough = tiled(CLOUD, form.level) - np.float32(0.5)
    worn = step(0.22, 0.48, form.level + 0.5 * (form.light - 0.5) + 0.3 * form.edge + 0.22 * rough)
    green = ramp(0.1 + 0.3 * form.level + 0.3 * (form.light - 0.5) + 0.12 * rough)
    shone = ramp(0.52 + 0.3 * form.level + 0.55 * (form.light - 0.5))
    return add(mix(green, shone, worn), rgb(0xFFE2CC), 0.9 * form.shine())


STYLES = {
    "gold": Style((0x0E0602, 0x3A1E04, 0x8A5408, 0xD9961A, 0xFFD052, 0xFFF3BC), gold),
    "chrome": Style((0x05070C, 0x1E2A3A, 0x667A90, 0xB9C6D2, 0xFFFFFF), chrome),
    "copper": Style((0x06322E, 0x1F8A7A, 0x6CC9AE, 0x8A3A1C, 0xD9743C, 0xFFC49A), copper),
}
