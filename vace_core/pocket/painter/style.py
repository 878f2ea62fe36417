"""A style: its own colours, and how it draws a form with any colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .fields import Array, Ramp
from .form import Form


@dataclass(frozen=True)
class Style:
    """colours 0xRRGGBB from dark to light, a reference's may stand in their place; draw gives [F, H, W, 3] in 0..1.

    glows: whether it is made of light, which the night does not put out.
    """

    colours: tuple[int, ...]
    draw: Callable[[Form, Ramp], Array]
    glows: bool = False
