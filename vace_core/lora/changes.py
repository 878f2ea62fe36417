"""What a LoRA's file changes one layer by: four forms, each of which gives the changed weight.

low rank    W' = W + s up @ down                           (Hu et al., 2021)
Hadamard    W' = W + s (up1 @ down1) * (up2 @ down2)       (LoHa; Hyeon-Woo et al., 2021)
Kronecker   W' = W + s left (x) right                      (LoKr; Yeh et al., 2023)
decomposed  W' = m (W + D) / |W + D|, D one of the above   (DoRA; Liu et al., 2024)

s is alpha / rank. A strength other than 1 goes that part of the way from W to W'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..checkpoints.lazy_tensor import LazyTensor

LEAST_NORM = 1e-12
"""What a norm of nought counts as, so that nothing is divided by it."""


@dataclass(frozen=True)
class Adapter:
    """The low-rank change of one linear layer or convolution: `scale * up @ down`."""

    down: LazyTensor
    """[rank, in]; a convolution's has its kernel's shape."""
    up: LazyTensor
    """[out, rank]."""
    scale: float
    """alpha / rank."""

    @property
    def rank(self) -> int:
        return self.down.shape[0]

    @property
    def size(self) -> tuple[int, int]:
        """(out, in)."""
        return self.up.shape[0], math.prod(self.down.shape[1:])

    def read(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """down [rank, in] and up [out, rank]."""
        return read(self.down, device, dtype).flatten(1), read(self.up, device, dtype).flatten(1)

    def merged(self, weight: Tensor, strength: float) -> Tensor:
        """weight: as the layer has it, float32 -> the changed one of its shape."""
        down, up = self.read(weight.device, torch.float32)
        return torch.addmm(weight.flatten(1), up, down, alpha=strength * self.scale).view_as(weight)


@dataclass(frozen=True)
class HadamardAdapter:
    """The product, number by number, of two low-rank matrices. Each: up [out, rank] and down [rank, in]."""

    first: tuple[LazyTensor, LazyTensor]
    second: tuple[LazyTensor, LazyTensor]
    scale: float

    @property
    def size(self) -> tuple[int, int]:
        """(out, in)."""
        return self.first[0].shape[0], math.prod(self.first[1].shape[1:])

    @property
    def rank(self) -> int:
        """Of the product, as one low-rank matrix."""
        return self.first[1].shape[0] * self.second[1].shape[0]

    def read(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The same as one low-rank change: down [rank, in] and up [out, rank].

        A product of sums is a sum over pairs, so that the rows of `down` are the products of the two downs' rows.
        """
        (up1, down1), (up2, down2) = (
            [read(part, device, torch.float32).flatten(1) for part in pair] for pair in (self.first, self.second)
        )
        down = (down1[:, None] * down2[None]).flatten(0, 1)
        up = (up1[:, :, None] * up2[:, None]).flatten(1)
        return down.to(dtype), up.to(dtype)

    def merged(self, weight: Tensor, strength: float) -> Tensor:
        """As of `Adapter`."""
        products = [
            read(up, weight.device, torch.float32) @ read(down, weight.device, torch.float32).flatten(1)
            for up, down in (self.first, self.second)
        ]
        return weight + (strength * self.scale) * (products[0] * products[1]).view_as(weight)


@dataclass(frozen=True)
class KroneckerAdapter:
    """left [p, q] (x) right [r, s], out = p r and in = q s. Each whole, or as two factors whose product it is."""

    left: tuple[LazyTensor, ...]
    right: tuple[LazyTensor, ...]
    scale: float

    @property
    def size(self) -> tuple[int, int]:
        """(out, in)."""
        (p, q), (r, s) = product_shape(self.left), self.right_shape
        return p * r, q * s

    @property
    def right_shape(self) -> tuple[int, int]:
        """(r, s)."""
        return product_shape(self.right)

    def read(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """left [p, q] and right [r, s]."""
        left, right = (
            torch.linalg.multi_dot(parts) if len(parts) > 1 else parts[0]
            for parts in ([read(one, device, torch.float32) for one in given] for given in (self.left, self.right))
        )
        return left.flatten(1).to(dtype), right.flatten(1).to(dtype)

    def merged(self, weight: Tensor, strength: float) -> Tensor:
        """As of `Adapter`."""
        left, right = self.read(weight.device, torch.float32)
        return weight + (strength * self.scale) * torch.kron(left, right).view_as(weight)


LowRank = Adapter | HadamardAdapter
Plain = LowRank | KroneckerAdapter


@dataclass(frozen=True)
class DecomposedAdapter:
    """A change after which each row, or each column, of the weight is brought to the length that was trained."""

    inner: Plain
    magnitude: LazyTensor
    """[out] or [out, 1, ...] for the rows; [1, in, ...] for the columns, of a convolution its input channels."""

    @property
    def size(self) -> tuple[int, int]:
        """(out, in)."""
        return self.inner.size

    @property
    def scale(self) -> float:
        """alpha / rank."""
        return self.inner.scale

    @property
    def by_rows(self) -> bool:
        return len(self.magnitude.shape) == 1 or self.magnitude.shape[0] > 1

    def gain(self, changed: Tensor) -> Tensor:
        """changed: W + D, float32 -> what its rows or columns are multiplied by, in a shape that spreads over it."""
        kept = 0 if self.by_rows else 1
        others = [one for one in range(changed.dim()) if one != kept]
        norm = torch.linalg.vector_norm(changed, dim=others, keepdim=True).clamp(min=LEAST_NORM)
        return read(self.magnitude, changed.device, torch.float32).view_as(norm) / norm

    def merged(self, weight: Tensor, strength: float) -> Tensor:
        """As of `Adapter`."""
        changed = self.inner.merged(weight, 1.0)
        return torch.lerp(weight, changed * self.gain(changed), strength)


Change = Plain | DecomposedAdapter


def product_shape(parts: tuple[LazyTensor, ...]) -> tuple[int, int]:
    """Of a matrix that is given whole, or as two factors."""
    return parts[0].shape[0], math.prod(parts[-1].shape[1:])


def read(stored: LazyTensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A tensor of the file, where and as it is wanted. CheckpointError where it is not finite there."""
    out = torch.empty(stored.shape, dtype=dtype, device=device)
    stored.copy_to(out)
    return out
