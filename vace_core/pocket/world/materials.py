"""What things are made of: a ramp of colours over a procedural pattern, and how it takes the light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import look_up, vector
from .surface import Array


@dataclass(frozen=True)
class Material:
    """ramp: colours 0xRRGGBB over the pattern's 0..1. The rest are strengths; `glow` lights the pattern's upper end."""

    ramp: tuple[int, ...]
    pattern: str = "soft"
    scale: float = 1.0
    bump: float = 0.0
    diffuse: float = 1.0
    specular: float = 0.15
    gloss: float = 24.0
    mirror: float = 0.0
    """How much of the surroundings it reflects, tinted by its own colour."""
    fresnel: float = 0.1
    """How much of the surroundings it reflects at its edges, untinted."""
    rim: float = 0.0
    glow: float = 0.0
    clear: float = 0.0
    """How much of what is behind shows through."""


OBJECTS: dict[str, Material] = {
    "chrome": Material((0xA8B0BC, 0xE8EEF6), "soft", 0.5, 0.02, 0.1, 0.9, 60, mirror=1.0, fresnel=0.5),
    "gold": Material((0xC07A10, 0xFFC030, 0xFFE27A), "rough", 0.8, 0.1, 0.35, 0.9, 40, mirror=0.75, fresnel=0.2),
    "wood": Material((0x4A2812, 0x8A5226, 0xB87A40, 0x6E3C1A), "rings", 1.5, 0.05, 1.0, 0.12, 14),
    "stone": Material((0x55534F, 0x83807A, 0xA8A49B, 0x6A6762), "rough", 1.2, 0.5, 1.0, 0.04, 8),
    "glass": Material(
        (0xB8E6DC, 0xDDF8F2), "soft", 0.5, 0.0, 0.12, 1.0, 90, mirror=0.12, fresnel=1.0, clear=0.75, rim=0.3
    ),
    "ice": Material(
        (0x7FBFE8, 0xC4E8FA, 0xFFFFFF), "cracks", 0.9, 0.25, 0.75, 0.8, 50, fresnel=0.7, rim=0.6, clear=0.25
    ),
    "lava": Material((0x120404, 0x2A0906, 0x801505, 0xFF5A00, 0xFFD840), "cracks", 0.8, 0.4, 0.9, 0.1, 10, glow=1.9),
    "neon": Material((0x180830, 0x300A50, 0xFF20B8, 0x20F0FF), "stripes", 1.3, 0.0, 0.5, 0.3, 30, rim=1.6, glow=1.5),
    "velvet": Material((0x5A0418, 0x8E0A2C, 0x70061F), "rough", 1.2, 0.2, 0.8, 0.0, 4, fresnel=0.0, rim=1.1),
    "clay": Material((0xB85830, 0xD07448, 0xC2663C), "rough", 1.2, 0.25, 1.1, 0.03, 6),
    "marble": Material((0x34383E, 0xD8D4CC, 0xF2EFE8, 0xFAF8F4), "veins", 0.8, 0.0, 1.0, 0.45, 50, fresnel=0.3),
    "moss": Material((0x1E3A0C, 0x3C6A14, 0x6A9A24, 0x98B83A), "rough", 1.5, 0.7, 1.05, 0.0, 4, rim=0.3),
    "candy": Material((0xFF4E9A, 0xFF4E9A, 0xFFF4F8, 0xFFF4F8), "stripes", 1.1, 0.0, 1.1, 0.7, 40, fresnel=0.3),
    "porcelain": Material((0xF6F8FA, 0xF6F8FA, 0xF0F4FA, 0x1C48B0), "cracks", 0.7, 0.0, 1.05, 0.7, 60, fresnel=0.35),
    "paper": Material((0xF0E4C8, 0xFAF2DE, 0xE2D2AE), "rough", 2.0, 0.15, 1.1, 0.0, 4),
    "slime": Material((0x1C8A10, 0x58D818, 0xB8FF40), "soft", 1.2, 0.3, 0.8, 1.0, 60, fresnel=0.4, rim=0.6, glow=0.25),
}
GROUNDS: dict[str, Material] = {
    "grass": Material((0x28500F, 0x44761A, 0x6E9C2C, 0x86AE3C), "rough", 1.3, 0.5, 1.0, 0.0, 4),
    "sand": Material((0xC09258, 0xDCB478, 0xECCB94), "ripples", 0.9, 0.4, 1.0, 0.02, 6),
    "snow": Material((0xC8DCF0, 0xF2F7FC, 0xFFFFFF), "soft", 0.8, 0.35, 1.1, 0.1, 12),
    "water": Material((0x0A3A58, 0x14628A, 0x2A8AB0), "ripples", 0.9, 0.4, 0.55, 0.9, 50, mirror=0.3, fresnel=1.0),
    "lava": Material((0x100303, 0x240805, 0x8A1804, 0xFF5A00, 0xFFD040), "cracks", 0.55, 0.3, 0.8, 0.05, 8, glow=1.8),
    "stone": Material((0x4E4C48, 0x7C7972, 0x9C988E), "cracks", 0.8, 0.5, 1.0, 0.05, 8),
    "wood": Material((0x503018, 0x8A5830, 0xA87040, 0x6A4020), "planks", 0.8, 0.05, 1.0, 0.2, 20, fresnel=0.15),
    "marble": Material((0x3A3E44, 0xD0CCC6, 0xF2EEE8), "veins", 0.5, 0.0, 0.9, 0.4, 40, mirror=0.12, fresnel=0.5),
    "tiles": Material((0x16161A, 0x16161A, 0xECE8E0, 0xECE8E0), "checker", 1.0, 0.0, 1.0, 0.4, 40, fresnel=0.35),
    "neon": Material((0x0A0618, 0x0E0822, 0x14D8FF), "grid", 1.0, 0.0, 0.6, 0.3, 30, mirror=0.2, fresnel=0.4, glow=1.6),
    "flowers": Material((0x2E5A18, 0x4A7C22, 0xF0609A, 0xFFE050), "spots", 1.3, 0.3, 1.05, 0.0, 4),
    "metal": Material((0x6A7078, 0x9AA2AC, 0x848C96), "planks", 1.2, 0.05, 0.6, 0.7, 40, mirror=0.45, fresnel=0.5),
}


def pattern(kind: str, p: Array, scale: float) -> Array:
    """A pattern's value 0..1 at points [N, 3]."""
    if kind in ("soft", "rough"):
        return look_up(kind, p, scale)
    if kind == "cracks":
        walls = look_up("cells", p + 0.35 * (look_up("soft", p, scale)[:, None] - 0.5), scale)
        return np.clip(0.35 * look_up("rough", p, scale) + 0.75 * walls**4, 0, 1)
    if kind == "spots":
        return np.clip(1.35 - 1.5 * look_up("cells", p, scale), 0, 1) ** 1.5
    warp = look_up("soft", p, scale * 0.7)
    if kind == "veins":
        return np.abs(np.sin(2.2 * scale * (p[:, 0] + 0.6 * p[:, 1] + 0.8 * p[:, 2]) + 11 * warp)) ** 0.8
    if kind == "rings":
        return 0.5 + 0.5 * np.sin(7 * scale * np.hypot(p[:, 0] + 0.3, p[:, 2]) + 0.9 * p[:, 1] + 6 * warp)
    if kind == "stripes":
        return 0.5 + 0.5 * np.sin(5.5 * scale * (p[:, 1] + 0.5 * p[:, 0]) + 1.5 * warp)
    if kind == "ripples":
        return 0.5 + 0.35 * np.sin(6 * scale * (p[:, 2] + 0.3 * p[:, 0]) + 9 * warp) + 0.3 * (warp - 0.5)
    if kind == "checker":
        return ((np.floor(p[:, 0] * scale) + np.floor(p[:, 2] * scale)) % 2).astype(np.float32)
    if kind == "planks":
        board = np.floor(p[:, 0] * 2 * scale)
        seam = np.abs(p[:, 0] * 2 * scale - board - 0.5) > 0.46
        grain = 0.5 + 0.3 * np.sin(2.3 * board) + 0.4 * (look_up("rough", p * vector(3, 1, 0.3), scale) - 0.5)
        return np.where(seam, 0.0, np.clip(grain, 0.05, 1)).astype(np.float32)
    if kind == "grid":
        lines = np.minimum(np.abs(p[:, 0] * scale % 1 - 0.5), np.abs(p[:, 2] * scale % 1 - 0.5))
        return np.exp(-(((lines) / 0.05) ** 2)).astype(np.float32)
    raise ValueError(f"unknown pattern {kind!r}")


def ramp_table(ramp: tuple[int, ...], entries: int = 64) -> Array:
    """[entries, 3] colours in 0..1, evenly spread over the ramp."""
    colours = np.array([[c >> 16 & 255, c >> 8 & 255, c & 255] for c in ramp], np.float32) / 255
    at = np.linspace(0, 1, len(ramp))
    return np.stack([np.interp(np.linspace(0, 1, entries), at, colours[:, i]) for i in range(3)], -1).astype(np.float32)
