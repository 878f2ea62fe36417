"""Which tokens a rank holds, and the exchange that attention needs.

Each latent frame is shared by itself: a rank holds neighbouring tokens of every frame. So references, hints and chunks
of any number of frames are shared alike, and what holds for the frames of a whole sequence holds for a rank's share.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .ranks import ALONE, Ranks


@dataclass(frozen=True)
class TokenSplit:
    """How the tokens of each latent frame, `per_frame` of them, are shared by the ranks. One rank holds all."""

    ranks: Ranks
    per_frame: int

    @property
    def sizes(self) -> list[int]:
        """Tokens of a frame that each rank holds; they differ by one where the frame does not divide."""
        size = self.ranks.size
        return [(n + 1) * self.per_frame // size - n * self.per_frame // size for n in range(size)]

    def own(self, tokens: Tensor) -> Tensor:
        """[B, f * T, D] -> this rank's share [B, f * T_own, D]."""
        if self.ranks.size == 1:
            return tokens
        shares = tokens.unflatten(1, (-1, self.per_frame)).split(self.sizes, dim=2)
        return shares[self.ranks.rank].flatten(1, 2)

    def whole(self, own: Tensor) -> Tensor:
        """This rank's share [B, f * T_own, D] and the others' -> [B, f * T, D]."""
        ranks = self.ranks
        if ranks.size == 1:
            return own
        batch, frames, dim = own.shape[0], own.shape[1] // self.sizes[ranks.rank], own.shape[2]
        shares = ranks.exchange([own] * ranks.size, [(batch, frames, held, dim) for held in self.sizes])
        return torch.cat(shares, dim=2).flatten(1, 2)

    def to_heads(self, *own: Tensor) -> tuple[Tensor, ...]:
        """Each [B, H, f * T_own, head] of this rank's tokens -> [B, H / size, f * T, head] of its heads."""
        ranks = self.ranks
        if ranks.size == 1:
            return own
        frames = own[0].shape[2] // self.sizes[ranks.rank]
        parts = torch.stack(own).unflatten(2, (ranks.size, -1)).unbind(2)
        count, batch, heads, _, dim = parts[0].shape
        shares = ranks.exchange(parts, [(count, batch, heads, frames, held, dim) for held in self.sizes])
        return torch.cat(shares, dim=4).flatten(3, 4).unbind()

    def to_tokens(self, attended: Tensor) -> Tensor:
        """[B, H / size, f * T, head] of this rank's heads -> [B, H, f * T_own, head] of its tokens."""
        ranks = self.ranks
        if ranks.size == 1:
            return attended
        batch, heads, _, dim = attended.shape
        shares = attended.unflatten(2, (-1, self.per_frame)).split(self.sizes, dim=3)
        received = ranks.exchange(shares, [(batch, heads, shares[ranks.rank].shape[2:4].numel(), dim)] * ranks.size)
        return torch.cat(received, dim=1)


WHOLE = TokenSplit(ALONE, 1)
"""Everything is in one place, whatever a frame has."""
