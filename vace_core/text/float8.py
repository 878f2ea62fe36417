"""Layers whose weights stay in the 8 bits of their file, float8_e4m3fn, and are widened where they are used.

The published fp8 text encoder is a plain cast: there are no scales. The bits are held as int8: transformers casts what
goes into a layer to the format of its weight, unless that is int8.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Float8Linear(nn.Module):
    """A linear layer without bias; weight [out, in] in float8_e4m3fn."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.view(torch.int8), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight.view(torch.float8_e4m3fn).to(x.dtype))


class Float8Embedding(nn.Module):
    """A table [tokens, width] in float8_e4m3fn, of which rows come out in `dtype`."""

    def __init__(self, weight: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.weight = nn.Parameter(weight.view(torch.int8), requires_grad=False)

    def forward(self, ids: Tensor) -> Tensor:
        return self.weight[ids].view(torch.float8_e4m3fn).to(self.dtype)
