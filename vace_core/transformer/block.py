"""A Wan transformer block: self-attention, cross-attention to the prompt, feed-forward, modulated by the timestep."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..config import Architecture
from ..parallel import WHOLE, TokenSplit
from .attention import CrossAttention, LayerMemory, SelfAttention


class Block(nn.Module):
    """One main block; the context blocks extend it (`context_blocks.ContextBlock`)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        self.norm1 = nn.LayerNorm(a.dim, a.eps, elementwise_affine=False)
        self.self_attn = SelfAttention(a.dim, a.heads, a.eps)
        self.norm3 = nn.LayerNorm(a.dim, a.eps)
        self.cross_attn = CrossAttention(a.dim, a.heads, a.eps)
        self.norm2 = nn.LayerNorm(a.dim, a.eps, elementwise_affine=False)
        self.ffn = nn.Sequential(nn.Linear(a.dim, a.ffn_dim), nn.GELU(approximate="tanh"), nn.Linear(a.ffn_dim, a.dim))
        self.modulation = nn.Parameter(torch.randn(1, 6, a.dim) / a.dim**0.5)

    def forward(
        self,
        x: Tensor,
        modulation: Tensor,
        prompt: tuple[Tensor, Tensor],
        turn: Tensor,
        memory: LayerMemory | None = None,
        mask: Tensor | None = None,
        split: TokenSplit = WHOLE,
    ) -> Tensor:
        """x [B, N, D]; modulation [B, f, 6, D] of `modulations`, where N is f frames of tokens (f = 1: all tokens share
        one timestep).

        split: as `SelfAttention.forward`.
        """
        shift1, factor1, gate1, shift2, factor2, gate2 = modulation.unbind(2)
        y = self.self_attn(modulate(self.norm1(x), shift1, factor1), turn, memory, mask, split)
        x = gated(x, y, gate1)
        x = x + self.cross_attn(self.norm3(x), prompt)
        y = self.ffn(modulate(self.norm2(x), shift2, factor2))
        return gated(x, y, gate2)


def modulations(blocks: Sequence[Block], time: Tensor) -> Tensor:
    """What a timestep's embedding [B, f, 6, D] is to each block: shift, 1 + scale and gate, twice [L, B, f, 6, D]."""
    if not blocks:
        return time.new_empty((0, *time.shape))
    own = torch.stack([block.modulation for block in blocks])
    shift1, scale1, gate1, shift2, scale2, gate2 = (own[:, :, None] + time).unbind(-2)
    return torch.stack((shift1, 1 + scale1, gate1, shift2, 1 + scale2, gate2), dim=-2)


def modulate(x: Tensor, shift: Tensor, factor: Tensor) -> Tensor:
    """x * factor + shift, with shift and factor [B, f, D] spread over the tokens of each of f frames."""
    frames = x.unflatten(1, (shift.shape[1], -1))
    return torch.addcmul(shift[:, :, None], frames, factor[:, :, None]).flatten(1, 2)


def gated(x: Tensor, y: Tensor, gate: Tensor) -> Tensor:
    """x + y * gate, with gate [B, f, D]."""
    frames = gate.shape[1]
    return torch.addcmul(x.unflatten(1, (frames, -1)), y.unflatten(1, (frames, -1)), gate[:, :, None]).flatten(1, 2)
