"""A clip: one scene, moving, as a camera sees it, with exact depth, masks and skeletons."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .cutouts import CutoutScene
from .footage import Footage
from .solids import SolidScene
from .surface import OBJECT, Surface, nearness

Bytes = NDArray[np.uint8]
FPS = 24.0
OTHER_SIDE = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]
"""Of each joint, in OpenPose's order, the one that a mirror makes of it."""


@dataclass(frozen=True)
class DrawnClip:
    """Frames of one scene, [F, H, W, 3] uint8 for pictures and [F, H, W] uint8 for the rest.

    depth is relative inverse depth, 255 = nearest; mask is 255 on objects; nouns say what is in the scene.
    people [F, P, 18, 3] float32 are the skeletons of up to P persons, as `pen.Pen` has them.
    """

    footage: Bytes
    depth: Bytes
    mask: Bytes
    nouns: tuple[str, ...]
    people: NDArray[np.float32]

    def at(self, frames: slice) -> DrawnClip:
        """Those of its frames."""
        moment = {name: getattr(self, name)[frames] for name in ("footage", "depth", "mask", "people")}
        return replace(self, **moment)


def random_scene(rng: np.random.Generator) -> SolidScene | CutoutScene:
    """Either kind of scene; cut-outs are more common because camera footage is more like them."""
    return SolidScene.random(rng) if rng.random() < 0.4 else CutoutScene.random(rng)


def draw_clip(seed: int, frames: int, height: int = 128, width: int = 192, grain: bool = True) -> DrawnClip:
    """Draw the scene of a seed; the same arguments give the same bytes. grain: whether footage has a film's."""
    rng = np.random.default_rng(seed)
    scene, footage = random_scene(rng), Footage.random(rng)
    footage = footage if grain else replace(footage, grain=0.0)
    start, speed = float(rng.uniform(0, 4)), float(rng.choice([0.5, 1.0, 1.0, 1.6]))
    flip = bool(rng.random() < 0.5)
    surfaces: list[Surface] = []
    pictures: list[np.ndarray] = []
    for frame in range(frames):
        time = start + speed * frame / FPS
        surface = scene.surface(time, height, width)
        surfaces.append(surface)
        pictures.append(footage.picture(surface, time))
    depth = nearness(np.stack([surface.depth for surface in surfaces]))
    mask = np.stack([surface.group == OBJECT for surface in surfaces]).astype(np.float32)
    people = _people(surfaces, width if flip else 0)
    return DrawnClip(_bytes(np.stack(pictures), flip), _bytes(depth, flip), _bytes(mask, flip), scene.nouns, people)


def _bytes(unit_values: np.ndarray, flip: bool) -> Bytes:
    out = (unit_values * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(out[:, :, ::-1]) if flip else out


def _people(surfaces: list[Surface], flipped: int) -> NDArray[np.float32]:
    """Skeletons [F, P, 18, 3]; those of a picture that was flipped, `flipped` pixels wide, have left for right."""
    out = np.zeros((len(surfaces), max(len(surface.people) for surface in surfaces), 18, 3), np.float32)
    for frame, surface in zip(out, surfaces, strict=True):
        for place, person in zip(frame, surface.people, strict=False):
            place[:] = person[OTHER_SIDE] * (-1, 1, 1) + (flipped, 0, 0) if flipped else person
    return out * out[..., 2:]
