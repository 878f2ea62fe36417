"""VACE's context blocks: they read the control beside the noisy chunk and give the main blocks hints.

Paper equation 1: x_i = DiTBlock_i(x_{i-1}) + alpha * W_proj h_i, alpha the context scale.
"""

from __future__ import annotations

from torch import nn

from ..config import Architecture
from .block import Block


class ContextBlock(Block):
    """A Wan block with the projections of Context Adapter Tuning: `before_proj` on the first, `after_proj` on all.

    It remembers nothing: it sees one chunk and its references, both ways.
    """

    def __init__(self, architecture: Architecture, first: bool) -> None:
        super().__init__(architecture)
        if first:
            self.before_proj = zero_linear(architecture.dim)
        self.after_proj = zero_linear(architecture.dim)


def zero_linear(dim: int) -> nn.Linear:
    """A linear layer that starts at zero, so that an untrained adapter changes nothing."""
    layer = nn.Linear(dim, dim)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
