"""What flawless pictures would score: drawn ones, through the same readers and the same autoencoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vace_core.model import Model
from vace_core.pocket.world import draw_clip
from vace_core.pocket.world.appearance import by_control
from vace_core.pocket.world.controls import controls_of

from .figures import mean
from .measures.likeness import aligned_rmse
from .readers import LOOKS, read_depth, read_look, shrink
from .reconstruction import reconstruct_stills

FIRST_SEED = 9_500_000
"""Neither the model nor the readers were trained on these."""


@dataclass(frozen=True)
class Ceilings:
    """Of unseen scenes, each drawn in all LOOKS as they follow the depth, after the autoencoder."""

    depth_rmse: float
    look_accuracy: float


def measure_ceilings(model: Model, scenes: int, size: tuple[int, int]) -> Ceilings:
    """Depth error and share of looks recognised, of single pictures."""
    errors, right = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + scenes):
        take = draw_clip(seed, tuple(LOOKS.values()), 1, *size)
        nearness = controls_of(take)["depth"].says
        followed = [by_control(look, nearness, "depth") for look in take.looks]
        for number, picture in enumerate(reconstruct_stills(model, followed)):
            errors.append(aligned_rmse(read_depth(picture), shrunk(nearness)))
            right.append(float(read_look(picture).argmax() == number))
    return Ceilings(mean(errors), mean(right))


def shrunk(values: np.ndarray) -> np.ndarray:
    """[F, H, W] at the size at which pictures are read."""
    return np.stack([shrink(frame) for frame in values])
