"""What palette, time of day and weather do to a style's picture."""

from __future__ import annotations

import numpy as np

from ..looks import Look
from .fields import LIGHTNESS, Array, add, mix, rgb, step, times
from .form import Form
from .textures import DOTS, RAIN, tiled

GRADES = {
    "natural": (1.0, (1.0, 1.0, 1.0), 1.0, 0.0),
    "warm": (1.05, (1.2, 0.96, 0.62), 1.0, 0.02),
    "cool": (0.9, (0.62, 0.95, 1.3), 1.0, 0.0),
    "pastel": (0.62, (1.0, 0.97, 1.02), 0.55, 0.26),
    "vivid": (1.8, (1.0, 1.0, 1.0), 1.2, 0.0),
    "monochrome": (0.0, (1.0, 1.0, 1.0), 1.12, 0.0),
    "sepia": (0.0, (1.14, 0.9, 0.62), 0.95, 0.02),
}
"""Saturation, tint, contrast and lift of each palette."""


def grade(picture: Array, form: Form, look: Look) -> Array:
    """A style's picture [F, H, W, 3] in 0..1, as the look's weather, time and palette have it."""
    return coloured(lit(weathered(picture, form, look.weather), form, look.time), look.palette)


def weathered(picture: Array, form: Form, weather: str) -> Array:
    """Rain streaks and wet edges; snow on whatever faces upwards; fog before what is far."""
    if weather == "rain":
        grey = (picture @ LIGHTNESS)[..., None]
        wet = (0.6 * picture + 0.4 * grey * rgb(0xC8DCF0)) * np.float32(0.72)
        return add(wet, rgb(0xD8ECFF), 0.5 * tiled(RAIN, form.level) + 0.45 * form.edge * form.light)
    if weather == "snow":
        upward = step(0.02, 0.3, -form.normal[1]) * step(0.06, 0.25, form.level)
        cold = mix(picture, rgb(0xDCE8F4), 0.16)
        flakes = step(0.42, 0.2, tiled(DOTS, form.level)) * 0.55
        return mix(mix(cold, rgb(0xFAFDFF), 0.95 * upward), rgb(0xFFFFFF), flakes)
    if weather == "fog":
        thick = np.clip(0.88 - 0.75 * form.body - 0.1 * form.level, 0.2, 1)
        return mix(picture, rgb(0xC4CCD2), thick)
    return picture


def lit(picture: Array, form: Form, time: str) -> Array:
    """The light of the hour: a low orange sun with violet shade, or the moon."""
    if time == "sunset":
        toned = times(picture * rgb(0xFFB07A) * np.float32(1.1), 0.62 + 0.7 * form.light)
        shade = mix(toned, rgb(0x4A1E5A), 0.42 * (1 - form.level) * (1 - picture @ LIGHTNESS))
        return add(shade, rgb(0xFF7A2A), 0.2 + 0.5 * form.shine(5.0) + 0.25 * form.edge * form.light)
    if time == "night":
        grey = (picture @ LIGHTNESS)[..., None]
        dark = (0.45 * picture + 0.55 * grey) * rgb(0x3A5AA0) * np.float32(0.85)
        return add(dark, rgb(0xA8C8FF), 0.6 * form.edge * form.light + 0.6 * form.shine(8.0))
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
