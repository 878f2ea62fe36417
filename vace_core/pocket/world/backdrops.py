"""What is behind and around things: a sky painted over the whole frame, and the light that comes from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import look_up, smooth, vector
from .surface import Array, unit


@dataclass(frozen=True)
class Backdrop:
    """Colours 0xRRGGBB from zenith over horizon to what the ground throws back; the sun; what is painted over it."""

    zenith: int
    horizon: int
    nadir: int
    sun: int
    power: float
    ambient: float
    light: tuple[float, float, float] = (0.5, 0.65, 0.6)
    paint: str = "plain"
    haze: float = 0.0
    """How fast distance takes on the horizon's colour."""


BACKDROPS: dict[str, Backdrop] = {
    "day": Backdrop(0x2A78D8, 0xBFE0F8, 0x8A8A70, 0xFFF6E0, 0.95, 0.55, paint="clouds"),
    "sunset": Backdrop(0x3A2468, 0xFF7A30, 0x5A2820, 0xFFA050, 1.1, 0.42, (0.75, 0.3, 0.5), "sun", 0.02),
    "storm": Backdrop(0x20262E, 0x66727A, 0x2C3034, 0xB8C4D0, 0.4, 0.5, (0.2, 0.9, 0.4), "thunder", 0.03),
    "night": Backdrop(0x040818, 0x142448, 0x0A1020, 0x9CB8FF, 0.5, 0.22, (-0.5, 0.7, 0.5), "stars"),
    "space": Backdrop(0x0A0418, 0x3A1060, 0x10204A, 0xFFC8F0, 0.8, 0.35, (0.6, 0.4, 0.6), "nebula"),
    "underwater": Backdrop(0x30C0C8, 0x0A6A90, 0x033450, 0xB8FFF0, 0.6, 0.55, (0.1, 0.95, 0.2), "rays", 0.09),
    "studio": Backdrop(0xD8D8DC, 0xF2F2F2, 0xA8A8A8, 0xFFFFFF, 0.75, 0.6, (0.55, 0.6, 0.6), "softbox"),
    "city": Backdrop(0x0C0A1C, 0x3A2050, 0x181020, 0xFF9AD8, 0.6, 0.35, (-0.5, 0.5, 0.7), "towers"),
    "forest": Backdrop(0x1C4018, 0x8AB850, 0x203010, 0xF8FFC0, 0.8, 0.45, (0.3, 0.8, 0.5), "leaves", 0.02),
    "aurora": Backdrop(0x061024, 0x0E3040, 0x0A1A20, 0x80FFC8, 0.5, 0.32, (0.2, 0.85, 0.45), "curtains"),
    "inferno": Backdrop(0x1A0202, 0xC02A00, 0x400A00, 0xFF8030, 0.8, 0.4, (0.3, -0.2, 0.8), "flames", 0.03),
    "desert": Backdrop(0x78A8C8, 0xF4D8A0, 0xC08850, 0xFFE8B0, 1.1, 0.5, (0.4, 0.8, 0.4), "dunes", 0.03),
}


def rgb(colour: int) -> Array:
    """0xRRGGBB as [3] in 0..1."""
    return np.array([colour >> 16 & 255, colour >> 8 & 255, colour & 255], np.float32) / 255


def surroundings(backdrop: Backdrop, way: Array) -> Array:
    """The light [N, 3] that comes from directions [N, 3], without the details: what mirrors and edges show."""
    up = way[:, 1:2]
    above = rgb(backdrop.horizon) + (rgb(backdrop.zenith) - rgb(backdrop.horizon)) * np.clip(up * 1.6, 0, 1) ** 0.7
    light = np.where(up > 0, above, rgb(backdrop.nadir) * (0.6 + 0.4 * np.clip(1 + up, 0, 1)))
    toward = np.clip(way @ unit(vector(*backdrop.light)), 0, 1)[:, None]
    lamp = 1.6 * toward**40 + 0.35 * toward**6
    if backdrop.paint == "softbox":
        lamp = lamp + 0.5 * (np.sin(5 * way[:, 0:1] + 1) > 0.55) * (up > 0.1) - 0.35 * (np.abs(up) < 0.12)
    if backdrop.paint in ("towers", "curtains", "nebula"):
        lamp = lamp + 0.5 * np.clip(np.sin(9 * way[:, 0:1] + 4 * up), 0, 1) ** 4
    return light + lamp * rgb(backdrop.sun) * backdrop.power


def sky(backdrop: Backdrop, height: int, width: int, horizon: float, pan: float, time: float, seed: float) -> Array:
    """The painted sky [H, W, 3] over the whole frame; horizon as `Surface` has it, seed picks another patch."""
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    x = ((np.arange(width, dtype=np.float32) + 0.5 - width / 2) / height)[None, :] + np.float32(pan)
    rise = np.clip(horizon - y, -0.6, 1.4)
    t = np.clip(rise / 0.75, 0, 1)[..., None] ** 0.8
    picture = rgb(backdrop.horizon) * (1 - t) + rgb(backdrop.zenith) * t
    fall = np.clip(-rise / 0.5, 0, 1)[..., None]
    picture = np.broadcast_to(picture * (1 - 0.6 * fall) + 0.6 * fall * rgb(backdrop.nadir), (height, width, 3)).copy()
    where = np.stack(np.broadcast_arrays(x, rise, np.float32(seed)), axis=-1)
    _PAINT[backdrop.paint](picture, backdrop, where, time)
    return np.clip(picture, 0, 1.2)


def _plain(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    return


def _clouds(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    moved = where * vector(1, 2.2, 1) + vector(0.06 * time, 0, 0.02 * time)
    cover = np.clip(3.2 * smooth("soft", moved, 1.6) - 1.75, 0, 1) * np.clip(where[..., 1] * 5, 0, 1)
    picture += (vector(1, 1, 1) - picture) * (0.9 * cover)[..., None]


def _sun(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    x, rise = where[..., 0] - 0.25, where[..., 1] - 0.12
    far = np.sqrt(x * x + rise * rise)
    bars = 0.5 + 0.5 * smooth("soft", where * vector(0.7, 4, 1) + vector(0.04 * time, 0, 0), 1.5)
    picture *= (0.75 + 0.35 * bars)[..., None]
    picture += np.exp(-far * 4)[..., None] * vector(0.7, 0.45, 0.1)
    picture[far < 0.11] = (1.0, 0.93, 0.62)


def _thunder(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    moved = where * vector(1, 1.8, 1) + vector(0.15 * time, 0, 0.05 * time)
    picture *= (0.35 + 1.1 * smooth("soft", moved, 1.8))[..., None]
    path = 0.25 * np.sin(9 * where[..., 1] + 7 * where[..., 2]) * 0.3 + 0.06 * np.sin(31 * where[..., 1])
    strike = np.exp(-np.abs(where[..., 0] + 0.3 - path) * 60) * (where[..., 1] > 0)
    flicker = max(0.0, np.sin(2.1 * time + 7 * float(where[0, 0, 2]))) ** 4
    picture += (strike * 1.3 + 0.12)[..., None] * flicker


def _stars(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    _sprinkle(picture, where)
    x, rise = where[..., 0] + 0.35, where[..., 1] - 0.33
    far = np.sqrt(x * x + rise * rise)
    picture += np.exp(-far * 7)[..., None] * vector(0.2, 0.25, 0.4)
    picture[far < 0.085] = (0.94, 0.95, 0.88)


def _sprinkle(picture: Array, where: Array) -> None:
    """Stars."""
    picture += np.clip(1 - 1.6 * look_up("dots", where, 4.1), 0, 1)[..., None] * vector(1, 1, 0.9)


def _nebula(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    moved = where + vector(0.02 * time, 0.01 * time, 0)
    a, b = smooth("soft", moved, 1.3), smooth("soft", moved + 1.7, 1.9)
    picture *= 0.6
    picture += (np.clip(a * 2 - 0.9, 0, 1) ** 1.5)[..., None] * vector(0.85, 0.15, 0.7)
    picture += (np.clip(b * 2 - 1.0, 0, 1) ** 1.5)[..., None] * vector(0.1, 0.45, 0.95)
    _sprinkle(picture, where)


def _rays(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    slant = where[..., 0] + 0.35 * where[..., 1]
    beams = np.sin(11 * slant + 0.9 * time) * np.sin(17 * slant - 0.6 * time + where[..., 2])
    picture += (np.clip(beams, 0, 1) * np.clip(0.25 + where[..., 1], 0, 1))[..., None] * vector(0.3, 0.55, 0.5)


def _softbox(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    far = where[..., 0] ** 2 + (where[..., 1] - 0.1) ** 2
    picture *= (1.02 - 0.55 * np.clip(far, 0, 1))[..., None]


def _towers(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    x, rise = where[..., 0], where[..., 1]
    for layer, (step, dark) in enumerate(((0.18, 0.16), (0.27, 0.07))):
        column = np.floor((x + 0.37 * layer) / step)
        tall = 0.12 + (0.42 - 0.13 * layer) * np.modf(np.abs(np.sin(column * 12.9898 + 3 * where[..., 2])) * 43.7)[0]
        inside = rise < tall
        cell = np.floor((x + 0.37 * layer) / 0.045) * 7.1 + np.floor(rise / 0.06) * 3.3
        lit = np.modf(np.abs(np.sin(cell * 1.7 + layer)) * 91.7)[0]
        gap = (np.modf(np.abs(x / 0.045 + 100))[0] > 0.3) & (np.modf(np.abs(rise / 0.06 + 100))[0] > 0.35)
        shade = vector(dark, dark * 0.7, dark * 1.6)
        picture[inside] = shade
        for low, colour in ((0.62, (1.0, 0.75, 0.3)), (0.82, (0.2, 0.9, 1.0)), (0.92, (1.0, 0.2, 0.65))):
            picture[inside & gap & (lit > low)] = colour
    picture += np.exp(-np.abs(rise) * 7)[..., None] * vector(0.45, 0.12, 0.4)


def _leaves(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    sway = where + vector(0.02 * np.sin(time), 0, 0)
    picture *= (0.35 + 0.9 * smooth("rough", sway, 2.0))[..., None]
    trunks = np.sin(8 * where[..., 0] + 5 * where[..., 2]) * np.sin(13 * where[..., 0] + 1)
    picture *= (1 - 0.75 * np.clip(trunks * 6 - 3.6, 0, 1))[..., None]
    bright = np.clip(smooth("soft", sway + 2.3, 2.5) * 3 - 2.0, 0, 1)
    picture += bright[..., None] * vector(0.55, 0.6, 0.2)


def _curtains(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    x, rise = where[..., 0], where[..., 1]
    for k, colour in enumerate(((0.1, 1.0, 0.5), (0.5, 0.25, 1.0))):
        foot = 0.16 + 0.13 * k + 0.08 * np.sin(4 * x + 0.7 * time + 2 * k + where[..., 2]) + 0.03 * np.sin(11 * x)
        up = rise - foot
        folds = 0.6 + 0.4 * np.sin(26 * x + 5 * np.sin(3 * x + 0.5 * time))
        picture += (np.where(up > 0, np.exp(-up * 5), np.exp(up * 40)) * folds)[..., None] * vector(*colour) * 0.8
    _sprinkle(picture, where)


def _flames(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    moved = where * vector(1.6, 0.8, 1) + vector(0, -0.8 * time, 0.15 * time)
    heat = np.clip(1.5 * smooth("soft", moved, 1.8) + 0.25 - 1.1 * np.clip(where[..., 1], 0, 2), 0, 1)
    picture += (heat**2)[..., None] * vector(1.1, 0.5, 0.0) + (heat**6)[..., None] * vector(0.3, 0.6, 0.3)


def _dunes(picture: Array, backdrop: Backdrop, where: Array, time: float) -> None:
    x, rise = where[..., 0], where[..., 1]
    for k, colour in enumerate(((0.86, 0.62, 0.38), (0.72, 0.46, 0.25))):
        crest = 0.1 - 0.06 * k + 0.05 * np.sin(3.1 * x + 2 * k + where[..., 2]) + 0.02 * np.sin(7 * x + k)
        picture[rise < crest] = colour
        edge = (rise < crest) & (rise > crest - 0.02)
        picture[edge] = vector(*colour) * 1.2


_PAINT = {
    "plain": _plain, "clouds": _clouds, "sun": _sun, "thunder": _thunder, "stars": _stars, "nebula": _nebula,
    "rays": _rays, "softbox": _softbox, "towers": _towers, "leaves": _leaves, "curtains": _curtains,
    "flames": _flames, "dunes": _dunes,
}  # fmt: skip
