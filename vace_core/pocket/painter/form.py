"""Form: what a control says of a picture, whatever its kind, so that a style is one function of one thing.

Every kind of control is first read as a level c in 0..1: how near, how light, how fast, or how far it swells towards
the viewer. All else follows from the level in a neighbourhood of some pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .bodies import bodies
from .boxes import boxes
from .fields import Array, Bytes, blur, slopes, step
from .motion import motion

CONTROLS = ("depth", "scribble", "gray", "flow", "layout", "pose")
"""The kinds of control, in the order in which they are numbered."""
STEEP, WIDE = 9.0, 16.0
"""How strongly the relief stands out: by slopes over a pixel or two, and by those over some ten pixels."""


@dataclass(frozen=True)
class Form:
    """Fields [F, H, W] float32: level in 0..1 and its outlines in 0..1; the rest is made when it is first asked for."""

    level: Array
    edge: Array

    @cached_property
    def body(self) -> Array:
        """The level of the surroundings: blurred over some ten pixels."""
        return blur(self.level, 5.0)

    @cached_property
    def halo(self) -> Array:
        """A glow around the outlines, 0..1."""
        return np.clip(blur(self.edge, 4.0) * 2.2, 0, 1)

    @cached_property
    def steep(self) -> tuple[Array, Array]:
        """Slopes of the level to the right and downwards, a pixel."""
        return slopes(self.level)

    @cached_property
    def wide(self) -> tuple[Array, Array]:
        """The same of the level blurred over some ten pixels."""
        return slopes(self.body)

    @cached_property
    def normal(self) -> tuple[Array, Array, Array]:
        """Which way the surface faces, when the level is taken for a relief: right, down, towards the viewer."""
        x = -STEEP * self.steep[0] - WIDE * self.wide[0]
        y = -STEEP * self.steep[1] - WIDE * self.wide[1]
        z = 1 / np.sqrt(1 + x * x + y * y)
        return x * z, y * z, z

    @cached_property
    def light(self) -> Array:
        """The light from the upper left on the relief, 0..1, 0.5 on what lies flat."""
        x, y, _ = self.normal
        return np.clip(0.5 - 0.36 * x - 0.44 * y, 0, 1)

    @cached_property
    def rim(self) -> Array:
        """How far the surface turns away from the viewer, 0..1."""
        return 1 - self.normal[2]

    def shine(self, sharp: float = 20.0) -> Array:
        """A lamp's reflection, 0..1; none on what lies flat."""
        x, y, z = self.normal
        return np.clip(-0.46 * x - 0.56 * y + 0.69 * z, 0, 1) ** sharp * step(0.02, 0.14, self.rim)

    def lines(self, count: float, wide: float = 1.0) -> Array:
        """Contour lines at `count` levels, `wide` pixels wide, 0..1; where the level is flat there are none."""
        phase = self.level * np.float32(count)
        slope = np.hypot(*self.steep) * np.float32(count)
        away = np.abs(phase - np.round(phase)) / np.maximum(slope, 0.02)
        return step(wide + 0.8, max(wide - 0.6, 0), away) * step(0.015, 0.06, slope)

    def stairs(self, count: int, soft: float = 0.16) -> Array:
        """The level in `count` + 1 steps, 0..1, whose borders are a pixel wide, and softer where the level is flat."""
        phase = self.level * np.float32(count)
        wide = np.maximum(0.6 * np.hypot(*self.steep) * np.float32(count), np.float32(soft))
        whole = np.floor(phase)
        return (whole + np.clip((phase - whole - 0.5) / (2 * np.minimum(wide, 0.5)) + 0.5, 0, 1)) / np.float32(count)


def form_of(control: Bytes, kind: str) -> Form:
    """Read a control [F, H, W, 3] uint8, as the model is shown it, of a kind of CONTROLS."""
    if kind not in READERS:
        raise ValueError(f"control {kind!r} can't be painted: expected one of {', '.join(CONTROLS)}")
    return READERS[kind](control)


def _filled(control: Bytes) -> Form:
    return _relief(control[..., 0].astype(np.float32) / 255, 1.0)


def _relief(level: Array, sigma: float, faint: float = 0.025) -> Form:
    level = blur(level, sigma)
    return Form(level, step(faint, 4.4 * faint, np.hypot(*slopes(level))))


def _lined(control: Bytes) -> Form:
    """Lines are ridges, and what lies beside them swells a little, so that areas are not empty."""
    lines = blur(control[..., 0].astype(np.float32) / 255, 0.7)
    beside = 1 - np.exp(-2.6 * blur(lines, 6.0))
    return Form(np.clip(0.9 * beside + lines * (0.95 - 0.8 * beside), 0, 1), step(0.12, 0.75, lines))


READERS = {
    "depth": _filled,
    "scribble": _lined,
    "gray": _filled,
    "flow": lambda control: _relief(motion(control), 1.5, 0.01),
    "layout": lambda control: _relief(boxes(control), 1.0),
    "pose": lambda control: _relief(bodies(control), 0.8),
}
