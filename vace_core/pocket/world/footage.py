"""The same scenes as a camera might see them: plain colours, clutter, noise. What annotators and controls are shown."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .noise import look_up, smooth
from .surface import SKY, Array, Surface, unit

_PARTS = 24


@dataclass(frozen=True)
class Footage:
    """One imaginary camera in one place: colours of the parts, light, what stands behind, grain of the film."""

    colours: Array
    """[parts, 3] in 0..1."""
    texture: Array
    """[parts] strength of surface noise."""
    light: Array
    ambient: float
    wall: tuple[Array, Array]
    clutter: Array
    """Boxes and their lightness [n, 5] behind everything, in heights of the frame."""
    dirt: float
    grain: float
    blur: float
    gain: float
    seed: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Footage:
        gray = rng.uniform(0.05, 0.95, (_PARTS, 1))
        colours = np.clip(gray + rng.normal(0, 0.12 * rng.uniform(0, 2), (_PARTS, 3)), 0.02, 0.98)
        wall = rng.uniform(0.05, 1.0)
        light = unit(np.array([rng.normal(0, 0.6), rng.uniform(0.1, 1), rng.uniform(0.2, 1)], np.float32))
        return cls(
            colours=colours.astype(np.float32),
            texture=(rng.uniform(0, 0.5, _PARTS) ** 1.5).astype(np.float32),
            light=light,
            ambient=float(rng.uniform(0.35, 0.9)),
            wall=(
                np.clip(wall + rng.normal(0, 0.06, 3), 0, 1).astype(np.float32),
                np.clip(wall + rng.normal(0, 0.12) + rng.normal(0, 0.06, 3), 0, 1).astype(np.float32),
            ),
            clutter=rng.random((int(rng.choice([0, 0, 3, 8, 16])), 5)).astype(np.float32),
            dirt=float(rng.choice([0.0, 0.05, 0.2, 0.6])),
            grain=float(rng.exponential(0.012)),
            blur=float(rng.choice([0.0, 0.5, 0.9])),
            gain=float(rng.uniform(0.75, 1.15)),
            seed=float(rng.uniform(0, 50)),
        )

    def picture(self, surface: Surface, time: float) -> Array:
        """[H, W, 3] in 0..1."""
        out = self._behind(surface)
        at = np.nonzero(surface.group != SKY)
        if len(at[0]):
            out[at] = self._lit(surface, at)
        out = soften_edges(out, surface.part)
        if self.blur:
            out = cv2.GaussianBlur(out, (0, 0), self.blur)
        noise = np.random.default_rng(int(1000 * (time + self.seed))).standard_normal(out.shape, np.float32)
        return np.clip(out * self.gain + self.grain * noise, 0, 1)

    def _lit(self, surface: Surface, at) -> Array:
        part = surface.part[at] % _PARTS
        grain = look_up("rough", surface.point[at] + np.float32(self.seed), 1.1) - np.float32(0.5)
        base = self.colours[part] * (0.35 + 1.3 * surface.detail[at])[:, None]
        base = base * (1 + 2 * self.texture[part] * grain)[:, None]
        sun = np.clip(surface.normal[at] @ self.light, 0, 1) * (1.1 - 0.6 * self.ambient)
        return base * (self.ambient + sun * surface.shadow[at] - 0.25 * (1 - surface.shadow[at]))[:, None]

    def _behind(self, surface: Surface) -> Array:
        height, width = surface.depth.shape
        t = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        out = np.broadcast_to(self.wall[0] * (1 - t) + self.wall[1] * t, (height, width, 3)).copy()
        for left, top, wide, tall, light in self.clutter:
            x, y = int((left * 1.8 - 0.2 - surface.pan) * height), int((top * 1.1 - 0.2) * height)
            box = out[
                max(y, 0) : y + int((0.05 + 0.4 * tall) * height), max(x, 0) : x + int((0.03 + 0.4 * wide) * height)
            ]
            box *= 0.4
            box += 0.6 * light
        if self.dirt:
            y, x = np.mgrid[:height, :width].astype(np.float32) / height
            place = np.stack([x + surface.pan, y, np.full_like(x, self.seed)], axis=-1)
            out *= (1 + self.dirt * (smooth("soft", place, 2.0) - 0.5))[..., None]
        return out


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
