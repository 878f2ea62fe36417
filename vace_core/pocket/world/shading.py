"""From surfaces and a look to a picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..looks import Look
from .backdrops import BACKDROPS, Backdrop, rgb, sky, surroundings
from .materials import GROUNDS, OBJECTS, Material, pattern, ramp_table
from .noise import look_up, vector
from .surface import GROUND, OBJECT, SKY, Array, Surface, unit

GRADES = {
    "natural": (1.0, (1.0, 1.0, 1.0), 1.0, 0.0),
    "warm": (1.05, (1.18, 0.97, 0.7), 1.0, 0.0),
    "cool": (0.9, (0.72, 0.97, 1.25), 1.0, 0.0),
    "pastel": (0.65, (1.0, 0.96, 1.02), 0.68, 0.27),
    "vivid": (1.75, (1.0, 1.0, 1.0), 1.1, -0.03),
    "monochrome": (0.0, (1.0, 1.0, 1.0), 1.15, -0.04),
    "sepia": (0.0, (1.12, 0.92, 0.66), 0.95, 0.02),
}
"""Saturation, tint, contrast and lift of each palette."""


TEXTURE = 0.5
"""How much of a pattern's contrast is drawn: what no prompt and no control says can only be learnt by heart."""


@dataclass(frozen=True)
class Shader:
    """Draws frames of one look."""

    look: Look

    def picture(self, surface: Surface, time: float) -> Array:
        """[H, W, 3] in 0..1."""
        height, width = surface.depth.shape
        backdrop = BACKDROPS[self.look.backdrop]
        behind = sky(backdrop, height, width, surface.horizon, surface.pan, time, 0.0)
        out = behind.copy()
        self._fill(out, behind, surface, surface.group == GROUND, GROUNDS[self.look.ground], backdrop, time)
        self._fill(out, behind, surface, surface.group == OBJECT, OBJECTS[self.look.material], backdrop, time)
        _haze(out, surface, backdrop, 0.22 if self.look.weather == "fog" else backdrop.haze, self.look.weather)
        out = soften_edges(out, surface.part)
        out = weather(out, self.look.weather, time)
        return grade(out, self.look.palette)

    def _fill(self, out, behind, surface: Surface, where, material: Material, backdrop: Backdrop, time: float) -> None:
        rows, columns = np.nonzero(where)
        if not len(rows):
            return
        at = (rows, columns)
        point = surface.point[at]
        if material.glow > 0.2 or material.pattern == "ripples":
            point = point + vector(0, 0.1 * time, 0.05 * time)
        value = pattern(material.pattern, point, material.scale)
        fade = np.exp(-0.06 * np.maximum(surface.depth[at] - 2.5, 0))
        value = 0.45 + TEXTURE * (value - 0.45) * fade
        normal = surface.normal[at]
        if material.bump:
            grain = np.stack([look_up("rough", point + offset, 1.3 * material.scale) for offset in (0.0, 1.3, 2.6)], -1)
            normal = unit(normal + material.bump * (grain - np.float32(0.5)))
        out[at] = _lit(material, value, normal, surface, at, backdrop, behind)


def _lit(material: Material, value, normal, surface: Surface, at, backdrop: Backdrop, behind: Array) -> Array:
    view, detail, shadow = surface.view[at], surface.detail[at], surface.shadow[at]
    value = np.clip(value + 0.5 * (detail - 0.5), 0, 1)
    base = ramp_table(material.ramp)[(value * 63).astype(np.int16)]
    light = unit(vector(*backdrop.light))
    facing = np.einsum("ni,ni->n", normal, view)
    sun = np.clip(0.15 + 0.9 * (normal @ light), 0, 1) * shadow * backdrop.power
    sky_part = (0.5 + 0.5 * normal[:, 1])[:, None]
    ambient = (rgb(backdrop.zenith) + 0.6) * 0.62 * sky_part + (rgb(backdrop.nadir) + 0.35) * 0.6 * (1 - sky_part)
    ambient = ambient * ((0.12 + backdrop.ambient) * (0.55 + 0.45 * shadow))[:, None]
    white = 0.45 + 0.55 * rgb(backdrop.sun)
    colour = base * (ambient + sun[:, None] * white) * material.diffuse
    colour *= (0.45 + 1.1 * detail)[:, None]
    edge = (1 - np.clip(facing, 0, 1)) ** 3
    bounce = unit(2 * facing[:, None] * normal - view)
    if material.clear:
        shifted = _behind(behind, at, normal)
        colour = colour * (1 - material.clear) + material.clear * shifted * (0.35 + 0.65 * base)
    if material.mirror or material.fresnel:
        around = (0.12 + surroundings(backdrop, bounce)) * (0.5 + 0.5 * shadow)[:, None]
        around = 0.55 * around + 0.45 * around.max(axis=-1, keepdims=True)
        colour = colour + around * (
            material.mirror * base * (0.5 + detail)[:, None] + (material.fresnel * edge)[:, None]
        )
    shine = np.clip(bounce @ light, 0, 1) ** material.gloss * material.specular * shadow * (0.4 + backdrop.power)
    colour = colour + shine[:, None] * rgb(backdrop.sun)
    if material.rim:
        tint = 0.5 * rgb(backdrop.sun) + 0.5 * ramp_table(material.ramp)[-1]
        colour = colour + (material.rim * edge)[:, None] * tint
    if material.glow:
        colour = colour + (material.glow * np.clip(value * 1.8 - 0.8, 0, 1))[:, None] * base
    return colour


def _behind(behind: Array, at, normal: Array) -> Array:
    height, width = behind.shape[:2]
    rows = np.clip(at[0] + normal[:, 1] * 0.25 * height, 0, height - 1).astype(np.int32)
    columns = np.clip(at[1] - normal[:, 0] * 0.25 * height, 0, width - 1).astype(np.int32)
    return behind[rows, columns]


def _haze(out: Array, surface: Surface, backdrop: Backdrop, thick: float, weather: str) -> None:
    if not thick:
        return
    depth = np.where(surface.group == SKY, 14.0, np.minimum(surface.depth, 14.0))
    cover = (1 - np.exp(-thick * np.maximum(depth - 0.8, 0)))[..., None].astype(np.float32)
    colour = rgb(backdrop.horizon)
    if weather == "fog":
        colour = 0.35 * colour + 0.65 * (0.25 + 0.6 * float(colour.mean()))
    else:
        cover = np.where((surface.group == SKY)[..., None], 0.0, cover)
    out += (colour - out) * cover


def soften_edges(picture: Array, part) -> Array:
    """Blend across the outlines of things, in place of drawing at twice the size."""
    edge = np.zeros(part.shape, bool)
    across, down = part[:, 1:] != part[:, :-1], part[1:] != part[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    blurred = cv2.blur(picture, (3, 3))
    picture[edge] = 0.35 * picture[edge] + 0.65 * blurred[edge]
    return picture


def weather(picture: Array, kind: str, time: float) -> Array:
    """Rain and snow in front of everything, moving; fog only pales."""
    if kind == "clear":
        return picture
    height, width = picture.shape[:2]
    if kind == "fog":
        return picture * 0.88 + 0.09
    y = (np.arange(height, dtype=np.float32) / height)[:, None]
    x = (np.arange(width, dtype=np.float32) / height)[None, :]
    if kind == "rain":
        gray = picture.mean(axis=-1, keepdims=True)
        picture = (0.55 * picture + 0.45 * gray) * 0.72 + vector(0.02, 0.035, 0.06)
        at = np.stack(np.broadcast_arrays((x + 0.2 * y) * 9, (y - 2.4 * time) * 0.7, np.float32(0)), axis=-1)
        drops = np.clip(look_up("rough", at, 2.0) * 4 - 3.25, 0, 1)
        return picture + 0.35 * drops[..., None] * vector(0.75, 0.85, 1.0)
    picture = picture * 0.85 + 0.09
    for size, fall in ((2.2, 0.35), (1.3, 0.6)):
        at = np.stack(np.broadcast_arrays(x + 0.1 * time, y - fall * time, np.float32(size)), axis=-1)
        flakes = np.clip(1.9 - 3.2 * look_up("dots", at, 5.6 / size), 0, 1)
        picture = picture + (1 - picture) * (0.55 * flakes)[..., None]
    return picture


def grade(picture: Array, palette: str) -> Array:
    """Tone map softly and colour grade; [H, W, 3] in 0..1."""
    saturation, tint, contrast, lift = GRADES[palette]
    picture = np.where(picture > 0.7, 0.7 + 0.3 * np.tanh((picture - 0.7) / 0.45), picture)
    gray = (picture @ vector(0.3, 0.59, 0.11))[..., None]
    picture = (gray + saturation * (picture - gray)) * vector(*tint)
    return np.clip((picture - 0.5) * contrast + 0.5 + lift, 0, 1).astype(np.float32)
