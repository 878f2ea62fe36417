"""Rotary positions over time, height and width (Wan2.1; frequencies as RoFormer, theta 10000).

A head of D channels is D/2 interleaved pairs, split c - 2*(c//3), c//3, c//3 over time, height and width, each axis
with its own exponent denominator. Angles are computed, in float64, for whatever position is asked: there is no table
that a long stream could run out of.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

THETA = 10000.0


def _axis(positions: Tensor, pairs: int) -> Tensor:
    exponents = torch.arange(pairs, dtype=torch.float64, device=positions.device) / max(pairs, 1)
    return positions.to(torch.float64)[:, None] * THETA**-exponents


def rotation(
    frames: Sequence[int] | Tensor, height: int, width: int, head_dim: int, device: torch.device | str
) -> Tensor:
    """Rotations for the tokens of latent frames at the given temporal positions: numbers, or a tensor [f].

    Returns [2, len(frames) * height * width, head_dim] float32: cosines, and sines whose sign is folded in for
    `rotate`. Tokens run over width fastest, then height, then frames.
    """
    pairs = head_dim // 2
    split = (pairs - 2 * (pairs // 3), pairs // 3, pairs // 3)
    time = _axis(torch.as_tensor(frames, dtype=torch.float64, device=device), split[0])
    rows = _axis(torch.arange(height, device=device), split[1])
    columns = _axis(torch.arange(width, device=device), split[2])
    shape = (len(frames), height, width)
    angles = torch.cat(
        (
            time[:, None, None].expand(*shape, -1),
            rows[None, :, None].expand(*shape, -1),
            columns[None, None, :].expand(*shape, -1),
        ),
        dim=-1,
    ).reshape(-1, pairs)
    cosines = angles.cos().repeat_interleave(2, dim=-1)
    sines = torch.stack((-angles.sin(), angles.sin()), dim=-1).flatten(-2)
    return torch.stack((cosines, sines)).float()


def rotate(tokens: Tensor, turn: Tensor) -> Tensor:
    """Turn [..., N, D] heads by `rotation`'s result: pair (a, b) becomes (a cos - b sin, b cos + a sin)."""
    swapped = tokens.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    return torch.addcmul(tokens * turn[0], swapped, turn[1]).to(tokens.dtype)
