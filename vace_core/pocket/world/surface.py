"""What a scene hands to the footage: everything about the visible surfaces but their colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SKY, GROUND, OBJECT = 0, 1, 2


@dataclass
class Surface:
    """One frame's visible surfaces. Right-handed: x right, y up, z towards the viewer.

    group [H, W] uint8 is SKY, GROUND or OBJECT; part [H, W] int16 numbers the single things. depth [H, W] is the
    distance along the viewing axis, inf in the sky. normal and point [H, W, 3]: the point moves with its thing, so
    that texture sticks to it. detail [H, W] in 0..1 is painted-on lightness, 0.5 where there is none. shadow [H, W] is
    1 in full light. pan shifts what is behind, in widths of the frame. people are skeletons in pixels, as `pen.Pen`
    has them.
    """

    group: NDArray[np.uint8]
    part: NDArray[np.int16]
    depth: Array
    normal: Array
    point: Array
    detail: Array
    shadow: Array
    pan: float
    people: list[Array] = field(default_factory=list)

    @classmethod
    def empty(cls, height: int, width: int) -> Surface:
        """Nothing but sky, seen straight on."""
        facing = np.zeros((height, width, 3), np.float32)
        facing[..., 2] = 1.0
        return cls(
            group=np.zeros((height, width), np.uint8),
            part=np.full((height, width), -1, np.int16),
            depth=np.full((height, width), np.inf, np.float32),
            normal=facing,
            point=np.zeros((height, width, 3), np.float32),
            detail=np.full((height, width), 0.5, np.float32),
            shadow=np.ones((height, width), np.float32),
            pan=0.0,
        )


def unit(vectors: Array) -> Array:
    """Vectors [..., 3] at length one."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return vectors / np.maximum(length, 1e-6)[..., None]


def nearness(depth: Array) -> Array:
    """Relative inverse depth 0..1 of a clip [F, H, W]: the sky 0, the nearest thing of the clip 1."""
    inverse = np.where(np.isfinite(depth), 1.0 / np.maximum(depth, 1e-3), 0.0)
    top = np.quantile(inverse[:, ::4, ::4], 0.995)
    return np.clip(inverse / max(float(top), 1e-6), 0.0, 1.0).astype(np.float32)
