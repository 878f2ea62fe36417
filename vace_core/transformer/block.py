"""A Wan transformer block: self-attention, cross-attention to the prompt, feed-forward, modulated by the timestep."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..config import Architecture
from ..parallel import WHOLE, TokenSplit
from .attention import CrossAttention, LayerMemory, SelfAttention
from .kernels import OWN, Kernels


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
        self.run_as_written()

    def run_as_written(self) -> None:
        """Have no region of it compiled (`compilation`)."""
        self.before_attention: Callable[..., tuple[Tensor, Tensor, Tensor]] = before_attention
        self.after_attention: Callable[..., Tensor] = after_attention

    def forward(
        self,
        x: Tensor,
        modulation: Tensor,
        prompt: tuple[Tensor, Tensor],
        turn: Tensor,
        memory: LayerMemory | None = None,
        mask: Tensor | None = None,
        split: TokenSplit = WHOLE,
        kernels: Kernels = OWN,
    ) -> Tensor:
        """x [B, N, D]; modulation [B, f, 6, D] of `modulations`, where N is f frames of tokens (f = 1: all tokens share
        one timestep).

        split: as `SelfAttention.attend`.
        """
        projected = self.before_attention(self, x, modulation, turn if split is WHOLE else None)
        attended = self.self_attn.attend(projected, turn, memory, mask, split, kernels)
        return self.after_attention(self, x, attended, modulation, prompt, kernels)


def before_attention(block: Block, x: Tensor, modulation: Tensor, turn: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """A block as far as it knows no memory: what `SelfAttention.project` gives."""
    shift, factor = modulation[:, :, :2].unbind(2)
    return block.self_attn.project(modulate(block.norm1(x), shift, factor), turn)


def after_attention(
    block: Block,
    x: Tensor,
    attended: Tensor,
    modulation: Tensor,
    prompt: tuple[Tensor, Tensor],
    kernels: Kernels = OWN,
) -> Tensor:
    """The rest of it: what enters it [B, N, D] and what `SelfAttention.attend` gave, as what leaves it [B, N, D]."""
    gate1, shift2, factor2, gate2 = modulation[:, :, 2:].unbind(2)
    x = gated(x, block.self_attn.output(attended), gate1)
    x = x + block.cross_attn(block.norm3(x), prompt, kernels)
    y = block.ffn(modulate(block.norm2(x), shift2, factor2))
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
