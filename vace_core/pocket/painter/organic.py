"""What grows, is woven, or is eaten."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, add, mix, rgb, step, times
from .form import Form
from .style import Style
from .textures import CLOUD, FIBRE, GRAIN, KNIT, LYING, STRIPES, at, places, tiled

WHITE = rgb(0xFFFFFF)


def wood(form: Form, ramp: Ramp) -> Array:
    """Carved wood: grain that runs across the picture and bends around what stands out."""
    column, row = places(form.level)
    bent = row + 14 * form.level
    grain = at(LYING, column, bent) + 0.35 * np.cos(2 * np.pi * bent / 8)
    tone = 0.3 + 0.3 * form.level + 0.8 * (form.light - 0.5) + 0.2 * (grain - 0.5)
    return times(ramp(tone), 1 - 0.5 * form.edge * (1 - form.light))


def moss(form: Form, ramp: Ramp) -> Array:
    """A forest floor: leaves over every form, light on those that face it, earth between them."""
    x, y, _ = form.normal
    column, row = places(form.level)
    leaf = at(GRAIN, column + 4 * x, row + 4 * y) - np.float32(0.5)
    tone = 0.2 + 0.4 * form.level + 0.7 * (form.light - 0.5) + 0.42 * leaf * (0.4 + 0.6 * form.body)
    return ramp(tone)


def velvet(form: Form, ramp: Ramp) -> Array:
    """Velvet: dark where it faces us, bright where it turns away."""
    tone = 0.18 + 0.26 * form.level + 1.1 * form.rim + 0.28 * (form.light - 0.5) * form.body
    pile = 0.09 * (tiled(FIBRE, form.level) - np.float32(0.5))
    return ramp(tone + pile)


def candy(form: Form, ramp: Ramp) -> Array:
    """Candy canes: stripes that wind around what stands out, glazed."""
    x, y, _ = form.normal
    column, row = places(form.level)
    stripe = at(STRIPES, column + 6 * x, row + 6 * y)
    ground = ramp.at(0.72) * np.ones_like(form.level)[..., None]
    cane = mix(ramp(0.25 + 0.25 * form.level), ramp.at(1.0), stripe)
    drawn = mix(ground, cane, step(0.18, 0.34, form.level))
    outlined = mix(times(drawn, 0.72 + 0.56 * np.minimum(form.light, 0.6)), ramp.at(0.0), 0.5 * form.edge)
    return add(outlined, WHITE, form.shine(12.0))


def slime(form: Form, ramp: Ramp) -> Array:
    """Poisonous slime: it glows from within, and everything is wet."""
    drip = 0.1 * (tiled(CLOUD, form.level) - np.float32(0.5))
    tone = 0.08 + 0.7 * form.level + 0.25 * form.body + 0.5 * (form.light - 0.5) + drip * form.body
    return add(add(ramp(tone), ramp.at(0.8), 0.5 * form.halo * (1 - form.level)), WHITE, form.shine(9.0))


def knit(form: Form, ramp: Ramp) -> Array:
    """A jumper of stitches, its pattern changing with the level."""
    yarn = tiled(KNIT, form.level)
    wool = ramp(0.1 + 0.9 * step(0.2, 0.36, form.level) * (0.4 + 0.6 * step(0.55, 0.75, form.level)))
    return times(wool, (0.45 + 0.6 * yarn) * (0.6 + 0.8 * form.light))


STYLES = {
    "wood": Style((0x120602, 0x3E1C0C, 0x7E4820, 0xB87E40, 0xE8C48A), wood),
    "moss": Style((0x070D04, 0x1D3A0C, 0x4A7A16, 0x93B82E, 0xE6F08A), moss),
    "velvet": Style((0x16000A, 0x4A0218, 0x9A0830, 0xE8305C, 0xFFB4C4), velvet),
    "candy": Style((0xC2185B, 0xFF3D8B, 0xFF7FB4, 0xA8ECE0, 0xFFFFFF), candy),
    "slime": Style((0x1E0740, 0x200E3C, 0x2EA80C, 0x8CF01E, 0xF2FFA0), slime, glows=True),
    "knit": Style((0x7A1020, 0xB01E2C, 0xD8434A, 0xF0D8C0, 0xFFF8EA), knit),
}
