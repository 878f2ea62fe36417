"""Scenes of cut-out figures in layers of depth, each puffed up: what camera footage is like to a control."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .figures import FLOATING, STANDING, Draw, face
from .pen import Pen
from .surface import GROUND, OBJECT, Array, Surface, unit


@dataclass(frozen=True)
class Layer:
    """One figure: what draws it, where (in heights of the frame), how large, how far, and how it moves."""

    noun: str
    draw: Draw
    numbers: np.ndarray
    x: float
    y: float
    scale: float
    depth: float
    drift: float
    bob: float
    turn: float
    phase: float


@dataclass(frozen=True)
class CutoutScene:
    """Layers over an optional ground with an optional ridge of hills; `slide` moves the camera sideways."""

    layers: tuple[Layer, ...]
    ground: bool
    horizon: float
    hills: np.ndarray | None
    slide: float
    relief: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> CutoutScene:
        ground = bool(rng.random() < 0.65)
        horizon = float(rng.uniform(0.3, 0.68))
        kind = rng.choice(["portrait", "standing", "floating", "mixed"], p=[0.25, 0.35, 0.25, 0.15])
        if kind == "portrait":
            layers = (_portrait(rng),)
            ground = False
        elif kind == "standing":
            layers = _standing(rng, horizon, int(rng.integers(1, 7)))
        elif kind == "floating":
            layers = _floating(rng, int(rng.integers(1, 6)))
        else:
            layers = (*_standing(rng, horizon, int(rng.integers(1, 4))), *_floating(rng, int(rng.integers(1, 3))))
        hills = rng.random(8) if rng.random() < 0.35 else None
        slide = float(rng.normal(0, 0.12))
        return cls(layers, ground, horizon, hills, slide, float(rng.uniform(0.5, 1.3)))

    @property
    def nouns(self) -> tuple[str, ...]:
        return tuple(sorted({layer.noun for layer in self.layers}))

    def surface(self, time: float, height: int, width: int) -> Surface:
        """What is visible at a time in seconds."""
        out = Surface.empty(height, width)
        out.pan = 0.1 * self.slide * time
        if self.hills is not None:
            _lay_hills(out, self.hills, self.horizon, self.slide * time)
        if self.ground:
            _lay_ground(out, self.horizon, self.slide * time)
        order = sorted(range(len(self.layers)), key=lambda i: -self.layers[i].depth)
        for number in order:
            _place(out, self.layers[number], number, time, self)
        return out


def _portrait(rng: np.random.Generator) -> Layer:
    scale = float(rng.uniform(0.8, 1.5))
    y = float(rng.uniform(0.95, 1.1) + 0.12 * (scale - 1))
    return Layer("face", face, rng.random(24), float(rng.normal(0, 0.15)), y, scale, 1.0, 0.0, 0.02, 0.03, 0.0)


def _standing(rng: np.random.Generator, horizon: float, count: int) -> tuple[Layer, ...]:
    nouns = rng.choice(list(STANDING), size=2 if rng.random() < 0.4 else 1)
    layers = []
    for _ in range(count):
        noun = str(rng.choice(nouns))
        depth = float(rng.uniform(0.9, 1.6) if count < 3 else rng.uniform(0.9, 3.5))
        tall = {"person": 0.78, "car": 0.7, "house": 0.9, "tree": 0.95}.get(noun, 0.65) * rng.uniform(0.75, 1.3)
        drift = float(rng.normal(0, 0.25)) if noun in ("person", "animal", "car") else 0.0
        layers.append(
            Layer(
                noun, STANDING[noun], rng.random(24), float(rng.uniform(-0.6, 0.6)), min(horizon + 0.42 / depth, 1.1),
                float(tall / depth**0.7), depth, drift, 0.0, 0.0, float(rng.uniform(0, 6)),
            )
        )  # fmt: skip
    return tuple(layers)


def _floating(rng: np.random.Generator, count: int) -> tuple[Layer, ...]:
    layers = []
    for _ in range(count):
        noun = str(rng.choice(list(FLOATING), p=[0.45, 0.3, 0.25])) if count < 3 else str(rng.choice(["blob", "shard"]))
        layers.append(
            Layer(
                noun, FLOATING[noun], rng.random(24), float(rng.normal(0, 0.3)), float(rng.uniform(0.3, 0.7)),
                float(rng.uniform(0.7, 1.3) * (1.2 if count == 1 else 0.8)), float(rng.uniform(0.8, 2.2)),
                float(rng.normal(0, 0.12)), float(rng.uniform(0, 0.08)),
                0.0 if noun == "hand" else float(rng.normal(0, 0.7)), float(rng.uniform(0, 6)),
            )
        )  # fmt: skip
    return tuple(layers)


def _grid(out: Surface) -> tuple[Array, Array]:
    """x from the middle and y from the top, in heights of the frame."""
    height, width = out.depth.shape
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / height
    return x[None, :], ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]


def _lay_ground(out: Surface, horizon: float, shift: float) -> None:
    x, y = _grid(out)
    depth = 0.42 / np.maximum(y - horizon, 1e-3)
    visible = np.broadcast_to((y > horizon + 0.012), out.depth.shape)
    depth = np.broadcast_to(depth, out.depth.shape)
    point = np.stack(np.broadcast_arrays((x + shift) * depth * 1.6, np.float32(0), -depth * 2.2), axis=-1)
    out.group[visible], out.part[visible] = GROUND, 0
    out.depth[visible], out.normal[visible], out.point[visible] = depth[visible], (0, 1, 0), point[visible]


def _lay_hills(out: Surface, r: np.ndarray, horizon: float, shift: float) -> None:
    x, y = _grid(out)
    for ridge, depth in enumerate((9.0, 6.0)):
        at = x + shift / depth + ridge
        waves = np.sin(at * (2 + 4 * r[0]) + 6 * r[1]) + 0.5 * np.sin(at * (6 + 6 * r[2]) + 6 * r[3 + ridge])
        edge = horizon - 0.02 - (0.16 - 0.06 * ridge) * (0.35 + r[5]) * (0.7 + 0.5 * waves)
        visible = y > edge
        slope = np.gradient(edge[0]) * out.depth.shape[0]
        fall = np.clip((y - edge) * 4, 0, 1)
        normal = unit(
            np.stack(np.broadcast_arrays(slope[None], np.float32(0.6), 0.2 + fall), axis=-1).astype(np.float32)
        )
        point = np.stack(np.broadcast_arrays(at * 2.5, y * 2.5, np.float32(ridge)), axis=-1)
        out.group[visible], out.part[visible], out.depth[visible] = GROUND, -2 - ridge, depth
        out.normal[visible], out.point[visible] = normal[visible], point[visible]


def _place(out: Surface, layer: Layer, number: int, time: float, scene: CutoutScene) -> None:
    height, width = out.depth.shape
    x = layer.x + layer.drift * time + scene.slide * time / layer.depth
    y = layer.y + layer.bob * np.sin(2 * time + layer.phase)
    pen = Pen(height, width, (x, y), layer.scale, layer.turn * time if layer.turn else 0.0)
    layer.draw(pen, time + layer.phase, layer.numbers)
    rows, columns = _bounds(pen.mask)
    if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
        return
    out.people += pen.people
    mask = pen.mask[rows, columns]
    visible = mask > 127
    relief = _relief(mask, layer.scale * scene.relief * height)
    gy, gx = np.gradient(relief * 0.9)
    normal = unit(np.stack([-gx, gy, np.ones_like(gx)], axis=-1).astype(np.float32))
    across, down = _grid(out)
    cos, sin = np.cos(layer.turn * time), np.sin(layer.turn * time)
    u, v = (across[:, columns] - x) / layer.scale, (down[rows] - y) / layer.scale
    point = np.stack([cos * u + sin * v, -sin * u + cos * v, relief / (height * layer.scale)], axis=-1) * 2.2
    at = (rows, columns)
    if scene.ground:
        _cast_shadow(out, x, layer, height, width)
    out.group[at][visible], out.part[at][visible] = OBJECT, number + 1
    out.depth[at][visible] = (layer.depth - 0.6 * layer.scale * relief / height)[visible]
    out.normal[at][visible], out.point[at][visible] = normal[visible], point[visible] + 1.7 * number
    out.detail[at][visible] = pen.detail[rows, columns][visible] / np.float32(255)
    out.shadow[at][visible] = 1.0


def _relief(mask, reach: float) -> Array:
    """Height of a puffed-up shape in pixels: steep at its outline, flat in the middle of what is wide."""
    inside = np.minimum(cv2.distanceTransform(mask, cv2.DIST_L2, 3), 0.16 * reach)
    cap = max(float(inside.max()), 1.0)
    round_ = np.sqrt(np.maximum(cap * cap - (cap - inside) ** 2, 0.0))
    return cv2.GaussianBlur(round_, (0, 0), 1.6).astype(np.float32)


def _bounds(mask) -> tuple[slice, slice]:
    x, y, width, height = cv2.boundingRect(mask)
    return slice(y, y + height), slice(x, x + width)


def _cast_shadow(out: Surface, x: float, layer: Layer, height: int, width: int) -> None:
    across, down = _grid(out)
    wide = 0.3 * layer.scale
    fall = ((across - x - 0.2 * wide) / wide) ** 2 + ((down - layer.y) / (0.25 * wide)) ** 2
    out.shadow *= np.where(out.group == GROUND, 1 - 0.6 * np.exp(-fall), 1.0).astype(np.float32)
