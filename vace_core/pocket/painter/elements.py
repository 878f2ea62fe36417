"""Fire, water and sky."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, add, blur, mix, rgb, shift, step, times
from .form import Form
from .style import Style
from .textures import CELLS, CLOUD, CRACKS, STANDING, STARS, at, places, tiled

WHITE = rgb(0xFFFFFF)


def lava(form: Form, ramp: Ramp) -> Array:
    """A black crust that is torn open where the form turns, and molten beneath."""
    x, y, _ = form.normal
    column, row = places(form.level)
    crack = at(CRACKS, column + 5 * x, row + 5 * y)
    heat = 0.08 + 0.2 * crack + form.level * (0.2 + 0.55 * crack) + 0.6 * form.edge + 0.3 * form.halo
    return times(ramp(heat), 0.6 + 0.8 * form.light)


def fire(form: Form, ramp: Ramp) -> Array:
    """Flames: whatever is there burns, and its heat rises."""
    heat = form.level
    for up, fade in ((3, 0.9), (6, 0.8), (12, 0.62)):
        heat = np.maximum(heat, np.float32(fade) * shift(heat, 0, -up))
    column, row = places(form.level)
    tongue = at(STANDING, column, row + 10 * form.level) - np.float32(0.5)
    heat = 0.62 * heat + 0.3 * blur(heat, 3.0) * (1 + 1.2 * tongue) + 0.35 * form.edge
    return ramp(heat)


def ocean(form: Form, ramp: Ramp) -> Array:
    """Under water: nets of light over everything, foam where forms end."""
    x, y, _ = form.normal
    column, row = places(form.level)
    net = at(CELLS, column + 8 * x + 5 * form.level, row + 8 * y)
    tone = 0.16 + 0.46 * form.level + 0.42 * (form.light - 0.5) + 0.2 * net * (0.25 + form.body)
    return add(ramp(tone), rgb(0xE8FFFF), 0.55 * form.edge * form.light + 0.8 * form.shine(16.0))


def aurora(form: Form, ramp: Ramp) -> Array:
    """Northern lights: curtains that hang upwards from what stands out, before a night full of stars."""
    height = form.level
    for up, fade in ((4, 0.92), (8, 0.84), (16, 0.7)):
        height = np.maximum(height, np.float32(fade) * shift(height, 0, -up))
    column, row = places(form.level)
    fold = at(STANDING, column + 6 * form.body, row + 5 * form.body)
    glow = blur(height, 1.5) * (0.72 + 0.4 * fold)
    sky = add(ramp(0.06 + 0.84 * glow), ramp.at(0.55), 0.5 * form.edge)
    return add(sky, WHITE, 0.75 * tiled(STARS, form.level) * step(0.3, 0.05, height))


def nebula(form: Form, ramp: Ramp) -> Array:
    """Clouds between stars: violet gas that turns blue in its shade, a hot core, light at its borders."""
    gas = tiled(CLOUD, form.level) - np.float32(0.5)
    tone = 0.12 + 0.5 * form.body + 0.32 * form.level + 0.07 * gas * (0.3 + form.body) + 0.2 * (form.light - 0.5)
    cold = mix(ramp(tone), rgb(0x2A5CFF), 0.75 * step(0.5, 0.15, form.light))
    hot = add(cold, ramp.at(0.95), 0.6 * form.edge * form.light)
    return add(hot, WHITE, tiled(STARS, form.level) * (0.35 + 0.5 * step(0.5, 0.1, form.level)))


STYLES = {
    "lava": Style((0x0A0504, 0x2A0C08, 0xA81A04, 0xFF5A00, 0xFFC22E, 0xFFF6C0), lava, glows=True),
    "fire": Style((0x120008, 0x6E0A06, 0xD83000, 0xFF8C0A, 0xFFE04A, 0xFFFFE8), fire, glows=True),
    "ocean": Style((0x01142E, 0x02406A, 0x067FA0, 0x32C8C0, 0xC4FFF0), ocean),
    "aurora": Style((0x050A26, 0x241060, 0x1A7A78, 0x2AE08C, 0xB8FFD0), aurora, glows=True),
    "nebula": Style((0x0C0420, 0x3A0E6A, 0xA01E9A, 0xFF5AA0, 0xFFD8B0), nebula, glows=True),
}
