"""What palette, time of day and weather do to a style's picture."""

from __future__ import annotations

import numpy as np

from ..looks import Look
from .fields import LIGHTNESS, Array, add, mix, rgb, step, times
from .form import Form
from .textures import FLAKES, RAIN, tiled

GRADES = {
    "natural": (1.0, (1.0, 1.0, 1.0), 1.0, 0.0),
    "warm": (1.05, (1.14, 0.96, 0.7), 1.0, 0.0),
    "cool": (0.9, (0.68, 0.95, 1.24), 1.0, 0.0),
    "pastel": (0.75, (1.0, 0.97, 1.02), 0.6, 0.24),
    "vivid": (1.8, (1.0, 1.0, 1.0), 1.2, 0.0),
    "monochrome": (0.0, (1.0, 1.0, 1.0), 1.12, 0.0),
    "sepia": (0.0, (1.14, 0.9, 0.62), 0.95, 0.02),
}
"""Saturation, tint, contrast and lift of each palette."""


def grade(picture: Array, form: Form, look: Look, glows: bool) -> Array:
    """A style's picture [F, H, W, 3] in 0..1, as the look's weather, time and palette have it; glows: see `Style`."""
    return coloured(lit(weathered(picture, form, look.weather, glows), form, look.time, glows), look.palette)


def weathered(picture: Array, form: Form, weather: str, glows: bool) -> Array:
    """Rain streaks and wet edges; snow on whatever faces upwards; fog before what is far."""
    if weather == "rain":
        grey = (picture @ LIGHTNESS)[..., None]
        dull = 0.05 if glows else 0.4
        wet = ((1 - dull) * picture + dull * grey * rgb(0xC8DCF0)) * np.float32(0.9 if glows else 0.72)
        return add(wet, rgb(0xD8ECFF), 0.5 * tiled(RAIN, form.level) + 0.45 * form.edge * form.light)
    if weather == "snow":
        upward = step(0.12, 0.5, -form.normal[1]) * step(0.1, 0.3, form.level)
        cold = mix(picture, rgb(0xB8CCE4), 0.24)
        return mix(cold, rgb(0xFAFDFF), np.maximum(0.95 * upward, 0.85 * tiled(FLAKES, form.level)))
    if weather == "fog":
        thick = np.clip(0.88 - 0.75 * form.body - 0.1 * form.level, 0.2, 1)
        return mix(picture, rgb(0xC4CCD2), thick)
    return picture


def lit(picture: Array, form: Form, time: str, glows: bool) -> Array:
    """A low orange sun and violet shade, or the moon, which does not dim what glows but where it was dark."""
    if time == "sunset":
        low = np.clip(0.62 - 0.7 * form.normal[0], 0.2, 1.3)
        dusk = times(picture * rgb(0xFF9C5C) * np.float32(1.25), low + 0.12)
        dusk = dusk + (0.3 * (1 - picture @ LIGHTNESS))[..., None] * rgb(0x5A1A78)
        return add(dusk, rgb(0xFF8A3A), 0.6 * np.maximum(low - 0.7, 0))
    if time == "night" and glows:
        bright = np.clip(picture.max(axis=-1), 0, 1)
        return times(picture * rgb(0xD0D8FF), 0.2 + 0.8 * bright) + rgb(0x060C28) * (1 - bright)[..., None]
    if time == "night":
        grey = (picture @ LIGHTNESS)[..., None]
        dark = (0.75 * picture + 0.25 * grey) * rgb(0x5068B4) * np.float32(0.85)
        return add(dark, rgb(0xA8C8FF), 0.45 * form.edge * form.light + 0.6 * form.shine(8.0))
    return picture


def coloured(picture: Array, palette: str) -> Array:
    """The picture in the colours of a palette."""
    if palette == "natural":
        return picture
    saturation, tint, contrast, lift = GRADES[palette]
    picture = np.clip(picture, 0, 1)
    grey = (picture @ LIGHTNESS)[..., None]
    picture = (grey + np.float32(saturation) * (picture - grey)) * np.array(tint, np.float32)
    return (picture - np.float32(0.5)) * np.float32(contrast) + np.float32(0.5 + lift)
