"""Positions that do not end: what is remembered moves back in time, once, before training's last position is passed.

Keys of absolute positions are kept rotated. Rotations add up, so a key moves by being turned by the difference. The
sink stays where it is, the bank moves behind it and the rest of the window behind both, as if all were counted from the
oldest frame remembered (LongLive's rule for endless video); from there positions grow by one a frame again. Among the
frames of the window nothing changes, as attention depends on distances only; the sink comes nearer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..transformer.rope import rotate, rotation
from .layer import LayerState


def move_all(layers: Sequence[LayerState], rows: slice, by: int) -> None:
    """Turn the keys in these rows to positions that are `by` further on."""
    for layer in layers:
        keys = layer.rotated[:, :, rows]
        keys.copy_(rotate(keys, _turn(torch.tensor([by]), keys)))


def move_each(layers: Sequence[LayerState], rows: slice, by: Tensor) -> None:
    """Turn the keys in these rows, which are of n latent frames, in each layer by steps of its own.

    by: whole numbers [layers, B, n].
    """
    for layer, steps in zip(layers, by, strict=True):
        keys = layer.rotated[:, :, rows].unflatten(2, (steps.shape[1], -1))
        turn = _turn(steps.flatten(), keys).unflatten(1, (*steps.shape, 1))[:, :, None]
        keys.copy_(rotate(keys, turn))


def _turn(steps: Tensor, keys: Tensor) -> Tensor:
    """Rotation over time alone, [2, n, head]: in height and width a single token is at 0."""
    return rotation(steps, 1, 1, keys.shape[-1], keys.device)
