"""Stones, glass and what is fired or frozen."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, add, mix, rgb, step, times
from .form import Form
from .style import Style
from .textures import BOARD, CLOUD, CRACKS, DOTS, GRAIN, VEIN, at, places, tiled

WHITE = rgb(0xFFFFFF)


def stone(form: Form, ramp: Ramp) -> Array:
    """Hewn granite: grey, speckled, in hard light, with dark joints at its edges."""
    speck = tiled(GRAIN, form.level) - np.float32(0.5)
    tone = 0.3 + 0.34 * form.level + 1.1 * (form.light - 0.5) + 0.2 * speck
    return times(ramp(tone), 1 - 0.45 * form.edge * (1 - form.light))


def marble(form: Form, ramp: Ramp) -> Array:
    """Polished white marble with grey veins, inlaid with gold along its forms."""
    x, y, _ = form.normal
    column, row = places(form.level)
    vein = at(VEIN, column + 6 * x + 10 * form.level, row + 6 * y)
    tone = 0.64 + 0.32 * form.level + 0.9 * np.minimum(form.light - 0.5, 0.1) - 0.15 * vein
    drawn = mix(ramp(tone), rgb(0xA87C28), 0.85 * np.maximum(form.lines(3.0, 0.8), 0.7 * form.edge))
    return add(drawn, WHITE, form.shine(30.0))


def jade(form: Form, ramp: Ramp) -> Array:
    """Carved jade: the light soaks in, and comes out at thin edges."""
    tone = 0.12 + 0.42 * form.body + 0.2 * form.level + 0.35 * (form.light - 0.5) + 0.3 * form.rim * form.level
    cloudy = tone + 0.07 * (tiled(CLOUD, form.level) - np.float32(0.5))
    return add(ramp(cloudy), rgb(0xE8FFF0), 0.85 * form.shine(26.0))


def ice(form: Form, ramp: Ramp) -> Array:
    """Blue ice: white where it breaks, cracked within, deep where it is far."""
    x, y, _ = form.normal
    column, row = places(form.level)
    crack = at(CRACKS, column + 5 * x, row + 5 * y)
    tone = 0.16 + 0.55 * form.level + 0.5 * (form.light - 0.5) + 0.12 * crack * (0.4 + form.level)
    return add(add(ramp(tone), WHITE, 0.7 * form.edge), WHITE, form.shine(16.0))


def glass(form: Form, ramp: Ramp) -> Array:
    """Clear glass before a chequered cloth, which it bends."""
    x, y, _ = form.normal
    column, row = places(form.level)
    behind = at(BOARD, column - 11 * x, row - 11 * y)
    clear = ramp(0.34 + 0.26 * behind + 0.36 * form.level)
    dark = mix(clear, ramp.at(0.1), 0.85 * step(0.12, 0.55, form.rim) * step(0.62, 0.3, form.light))
    return add(add(dark, WHITE, 0.8 * form.edge * step(0.5, 0.8, form.light)), WHITE, form.shine(14.0))


def porcelain(form: Form, ramp: Ramp) -> Array:
    """White porcelain, painted in cobalt: brush lines along its forms, dots beside them."""
    white = 0.78 + 0.22 * form.level + 0.5 * np.minimum(form.light - 0.5, 0.05)
    painted = np.maximum(form.lines(4.0, 1.0), 0.95 * form.edge)
    dots = 0.55 * step(0.34, 0.16, tiled(DOTS, form.level)) * step(0.3, 0.15, form.level)
    return add(mix(ramp(white), ramp.at(0.12), np.maximum(painted, dots)), WHITE, form.shine(30.0))


def clay(form: Form, ramp: Ramp) -> Array:
    """Terracotta, matt, with the marks of fingers along its forms."""
    ridge = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * form.level)
    tone = 0.38 + 0.34 * form.level + 1.05 * (form.light - 0.5) + 0.1 * (ridge - 0.5) * step(0.03, 0.2, form.rim)
    return ramp(tone + 0.09 * (tiled(GRAIN, form.level) - np.float32(0.5)))


STYLES = {
    "stone": Style((0x0C0C0E, 0x3A3A3C, 0x77746F, 0xB5B0A6, 0xF0EBDF), stone),
    "marble": Style((0x22262E, 0x6E737C, 0xB4B6B8, 0xECEAE6, 0xFFFFFF), marble),
    "jade": Style((0x01140C, 0x04402A, 0x12855A, 0x5CC98E, 0xD2F7D6), jade),
    "ice": Style((0x031230, 0x0E4C8C, 0x3A9BD8, 0xA4DCF6, 0xF6FDFF), ice),
    "glass": Style((0x06212B, 0x2A7A86, 0x8CCBD0, 0xD6F1F0, 0xFFFFFF), glass),
    "porcelain": Style((0x081B66, 0x2C55B8, 0xA9BEE4, 0xE8EEF8, 0xFFFFFF), porcelain),
    "clay": Style((0x3A140C, 0x9A4226, 0xD9754A, 0xF0A67C, 0xFFE0C2), clay),
}
