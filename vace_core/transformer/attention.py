"""The one attention call, and the two attentions of a Wan block built on it."""

from __future__ import annotations

from typing import Protocol

import torch
from einops import rearrange
from torch import Tensor, nn

from ..parallel import WHOLE, TokenSplit
from .kernels import OWN, Kernels, attend
from .quantised import Fp8Input, shared_input
from .rope import rotate


class RMSNorm(nn.Module):
    """Root-mean-square norm over the last dimension. Wan runs it over all heads together.

    PyTorch computes it in float32 inside and rounds once, whatever the dtype.
    """

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.rms_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.eps)


class LayerMemory(Protocol):
    """What one layer remembers of earlier chunks."""

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, kernels: Kernels) -> Tensor:
        """Write this pass's unrotated keys and values [B, H, N, D]; attend its rotated queries to all remembered."""
        ...


class Attention(nn.Module):
    """Query, key, value and output projections with normed queries and keys; key names as published."""

    def __init__(self, dim: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.v = nn.Linear(dim, dim)
        self.o = nn.Linear(dim, dim)
        self.norm_q = RMSNorm(dim, eps)
        self.norm_k = RMSNorm(dim, eps)

    def queries(self, x: Tensor | Fp8Input) -> Tensor:
        """[B, N, D] -> [B, H, N, head]."""
        return self._heads(self.norm_q(self.q(x)))

    def keys_values(self, x: Tensor | Fp8Input) -> tuple[Tensor, Tensor]:
        """[B, N, D] -> keys (normed, unrotated) and values, each [B, H, N, head]."""
        x = shared_input(x, self.k, self.v)
        return self._heads(self.norm_k(self.k(x))), self._heads(self.v(x))

    def output(self, attended: Tensor) -> Tensor:
        return self.o(rearrange(attended, "b h n d -> b n (h d)"))

    def _heads(self, x: Tensor) -> Tensor:
        return rearrange(x, "b n (h d) -> b h n d", h=self.heads)


class SelfAttention(Attention):
    """Attention of a chunk to itself and, through `memory`, to what the stream remembers."""

    def project(self, x: Tensor, turn: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """x [B, N, D], turn from `rope.rotation` -> queries, rotated, keys, unrotated, and values: [B, H, N, head].

        turn: None leaves the queries unrotated, too.
        """
        given = shared_input(x, self.q, self.k, self.v)
        queries = self.queries(given)
        return queries if turn is None else rotate(queries, turn), *self.keys_values(given)

    def attend(
        self,
        projected: tuple[Tensor, Tensor, Tensor],
        turn: Tensor,
        memory: LayerMemory | None = None,
        mask: Tensor | None = None,
        split: TokenSplit = WHOLE,
        kernels: Kernels = OWN,
    ) -> Tensor:
        """What `project` made, attended to: [B, H, N, head]; mask (bool [N, N], True = may look) only where nothing is
        stored.

        split: of the tokens, of which `projected` has this rank's, its queries unrotated; turn, mask and memory are of
        all tokens.
        """
        queries, keys, values = split.to_heads(*projected)
        if split is not WHOLE:
            queries = rotate(queries, turn)
        if memory is not None:
            return split.to_tokens(memory.attend(queries, keys, values, kernels))
        return split.to_tokens(attend(queries, rotate(keys, turn), values, mask, kernels))


class CrossAttention(Attention):
    """Attention to the prompt. Its keys and values change with the prompt only, so they are made outside.

    Rows past the prompt's end take part, unmasked, as in the published models.
    """

    def forward(self, x: Tensor, prompt: tuple[Tensor, Tensor], kernels: Kernels = OWN) -> Tensor:
        """x [B, N, D]; keys and values [B or 1, H, L, head], 1 where all rows share a prompt."""
        keys, values = (part.expand(len(x), -1, -1, -1) for part in prompt)
        return self.output(attend(self.queries(x), keys, values, kernels=kernels))
