"""Pictures made of light: tubes, projections, cameras that see what eyes do not."""

from __future__ import annotations

import numpy as np

from .fields import Array, Ramp, add, blur, mix, rgb, step, times
from .form import Form
from .style import Style
from .textures import FINE_SCAN, GRID, SCAN, tiled

WHITE = rgb(0xFFFFFF)


def neon(form: Form, ramp: Ramp) -> Array:
    """Tubes of neon along every outline: pink or blue by which way it faces, with their glow on a dark wall."""
    x, y, _ = form.normal
    side = blur(step(-0.5, 0.5, x + 0.5 * y), 2.5)
    tube = ramp(0.45 + 0.5 * side)
    wall = ramp(0.05 + 0.12 * form.level) + times(tube, 0.75 * form.halo + 0.12 * form.body)
    return add(add(wall, tube, 1.4 * form.edge), WHITE, 0.75 * step(0.55, 1.0, form.edge))


def hologram(form: Form, ramp: Ramp) -> Array:
    """A projection: scan lines, bright rims that shimmer, nearly nothing where it faces us."""
    scan = 0.55 + 0.45 * tiled(FINE_SCAN, form.level)
    tone = 0.2 + 0.34 * form.level + 0.75 * form.rim + 0.3 * form.edge
    shimmer = 0.5 + 0.5 * np.cos(2 * np.pi * (1.5 * form.level + form.rim))
    tinted = mix(ramp(tone), ramp.at(0.8)[::-1], 0.35 * shimmer * form.rim)
    return add(times(tinted, scan), ramp.at(1.0), 0.5 * form.edge)


def thermal(form: Form, ramp: Ramp) -> Array:
    """A heat camera: smooth false colours, cold violet to white hot."""
    return ramp(0.04 + 0.74 * form.level + 0.2 * form.body + 0.12 * form.halo)


def xray(form: Form, ramp: Ramp) -> Array:
    """An x-ray: bodies are mist, their edges bones."""
    tone = 0.1 + 0.4 * form.body + 0.14 * form.level + 0.7 * form.edge + 0.12 * form.halo + 0.3 * form.rim
    return ramp(tone)


def vaporwave(form: Form, ramp: Ramp) -> Array:
    """A violet evening with a grid, pastel forms in sunset stripes."""
    bars = step(0.25, 0.5, tiled(SCAN, form.level))
    sun = ramp(0.38 + 0.6 * form.level + 0.3 * (form.light - 0.5))
    sun = mix(sun, ramp.at(0.2), 0.55 * (1 - bars) * step(0.8, 0.3, form.level))
    grid = add(ramp.at(0.08) * np.ones_like(sun), ramp.at(0.55), 0.85 * step(0.16, 0.02, tiled(GRID, form.level)))
    return add(mix(grid, sun, step(0.16, 0.34, form.level)), rgb(0x7DF9FF), 0.8 * form.edge)


STYLES = {
    "neon": Style((0x06030E, 0x140A28, 0x2A1050, 0xFF1E9A, 0xC03CFF, 0x18D8FF), neon, glows=True),
    "hologram": Style((0x0A0C28, 0x143A78, 0x1E9CE0, 0x6AF4F0, 0xF4E8FF), hologram, glows=True),
    "thermal": Style((0x10004A, 0x5A0096, 0xD21A5A, 0xFF7A00, 0xFFE000, 0xFFFFF0), thermal, glows=True),
    "x-ray": Style((0x02060C, 0x12364A, 0x5C8EA0, 0xC4E0E4, 0xFFFFFF), xray, glows=True),
    "vaporwave": Style((0x1E0A4A, 0x4A1A8C, 0xC84AC8, 0xFF7AC0, 0xFFB48C, 0xFFF0B0), vaporwave, glows=True),
}
