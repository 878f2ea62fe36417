"""Rotary positions over time, height and width (Wan2.1; frequencies as RoFormer, theta 10000).

A head of D channels is D/2 interleaved pairs, split c - 2*(c//3), c//3, c//3 over time, height and width, each axis
with its own exponent denominator. Angles are computed, in float64, for whatever position is asked: there is no table
that a long stream could run out of.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

THETA = 10000.0
KEPT = range(-64, 1088)
"""Temporal positions whose cosines and sines are kept on the device: those that were trained, and references before."""


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
    return _turn(angles)


def _turn(angles: Tensor) -> Tensor:
    """Angles [N, pairs] as cosines and signed sines [2, N, 2 * pairs], float32."""
    cosines = angles.cos().repeat_interleave(2, dim=-1)
    sines = torch.stack((-angles.sin(), angles.sin()), dim=-1).flatten(-2)
    return torch.stack((cosines, sines)).float()


class Rotary:
    """`rotation` for latent frames of one size on one device, to the same bits, without numbers from the host.

    What height and width contribute is kept, and so is time for the positions of `KEPT`.
    """

    def __init__(self, height: int, width: int, head_dim: int, device: torch.device) -> None:
        self._size = (height, width, head_dim, device)
        time_pairs = head_dim // 2 - 2 * (head_dim // 2 // 3)
        frame = rotation([0], height, width, head_dim, "cpu")
        self._space = frame[:, :, 2 * time_pairs :].to(device)
        self._time = _turn(_axis(torch.tensor(KEPT), time_pairs)).to(device)
        self._from_zero: dict[int, Tensor] = {}

    def __call__(self, positions: Sequence[int]) -> Tensor:
        """[2, len(positions) * height * width, head_dim] float32 for whole numbers."""
        if min(positions) not in KEPT or max(positions) not in KEPT:
            return rotation(positions, *self._size)
        parts = [self._time[:, start - KEPT.start : end - KEPT.start] for start, end in runs(positions)]
        time = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
        return torch.cat(
            (
                time[:, :, None].expand(-1, -1, self._space.shape[1], -1),
                self._space[:, None].expand(-1, len(positions), -1, -1),
            ),
            dim=-1,
        ).flatten(1, 2)

    def from_zero(self, frames: int) -> Tensor:
        """That of positions 0, 1, 2, ... of so many latent frames, kept once it was made."""
        if frames not in self._from_zero:
            with torch.inference_mode(False):  # what a stream made is kept for training too
                self._from_zero[frames] = self(range(frames))
        return self._from_zero[frames]


def runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Whole numbers, at least one, as runs of such that follow each other: (first, one behind the last)."""
    start = 0
    for n in range(1, len(numbers) + 1):
        if n == len(numbers) or numbers[n] != numbers[n - 1] + 1:
            yield numbers[start], numbers[n - 1] + 1
            start = n


@functools.cache
def rotary(height: int, width: int, head_dim: int, device: torch.device) -> Rotary:
    """The one of a size and a device, which all streams and layers share. It stays: recorded calls read its tensors."""
    with torch.inference_mode(False):  # training goes through it too
        return Rotary(height, width, head_dim, device)


def rotate(tokens: Tensor, turn: Tensor) -> Tensor:
    """Turn [..., N, D] heads by `rotation`'s result: pair (a, b) becomes (a cos - b sin, b cos + a sin).

    It is computed in float32 and rounded once, to the dtype of the tokens.
    """
    swapped = tokens.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    turned = tokens * turn[0]
    if turned.dtype == tokens.dtype or torch.is_grad_enabled():  # what is written into a tensor given has no gradient
        return torch.addcmul(turned, swapped, turn[1]).to(tokens.dtype)
    return torch.addcmul(turned, swapped, turn[1], out=torch.empty_like(tokens))
