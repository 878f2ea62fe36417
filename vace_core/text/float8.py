"""Layers whose weights stay in the 8 bits of their file, float8_e4m3fn, and are widened where they are used.

One published fp8 text encoder is a plain cast without scales; ComfyUI's has a scale for each matrix, or for each row of
it, which is multiplied in where the matrix is widened and rounded once. The bits are held as int8, as a module that is
moved to another format changes its floating numbers alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Float8Linear(nn.Module):
    """A linear layer without bias; weight [out, in] in float8_e4m3fn, scale [1, 1] or [out, 1] in float32, or None."""

    scale: Tensor | None

    def __init__(self, weight: Tensor, scale: Tensor | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.view(torch.int8), requires_grad=False)
        self.register_buffer("scale", _beside(weight, scale))

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, _widened(self.weight, x.dtype, self.scale))


class Float8Embedding(nn.Module):
    """A table [tokens, width] in float8_e4m3fn, of which rows come out in `dtype`; scale as of `Float8Linear`."""

    scale: Tensor | None

    def __init__(self, weight: Tensor, dtype: torch.dtype, scale: Tensor | None = None) -> None:
        super().__init__()
        self.dtype = dtype
        self.weight = nn.Parameter(weight.view(torch.int8), requires_grad=False)
        self.register_buffer("scale", _beside(weight, scale))

    def forward(self, ids: Tensor) -> Tensor:
        scale = self.scale[ids] if self.scale is not None and len(self.scale) > 1 else self.scale
        return _widened(self.weight[ids], self.dtype, scale)


def _beside(weight: Tensor, scale: Tensor | None) -> Tensor | None:
    return None if scale is None else scale.to(weight.device)


def _widened(bits: Tensor, dtype: torch.dtype, scale: Tensor | None) -> Tensor:
    wide = bits.view(torch.float8_e4m3fn).to(dtype)
    return wide if scale is None else wide.mul_(scale)  # in float32, as the scale has dimensions
