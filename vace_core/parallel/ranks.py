"""The processes that make one stream together, and what they send to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


@dataclass(frozen=True)
class Ranks:
    """This process is number `rank` of `size`; group: how they reach each other, None where there is but one."""

    rank: int = 0
    size: int = 1
    group: ProcessGroup | None = None

    def require_tokens(self, per_frame: int) -> None:
        """Raises ValueError where a latent frame has fewer tokens than there are ranks."""
        if per_frame < self.size:
            raise ValueError(f"a latent frame of {per_frame} tokens cannot be shared by {self.size} devices; go larger")

    def exchange(self, parts: Sequence[Tensor], shapes: Sequence[Sequence[int]]) -> list[Tensor]:
        """Send each rank its part and receive one from each, of the shape that stands in its place in `shapes`.

        All ranks call this at the same time. Raises RuntimeError where one of them is gone or does not come in time.
        """
        sent = torch.cat([part.reshape(-1) for part in parts])
        sizes = [prod(shape) for shape in shapes]
        received = sent.new_empty(sum(sizes))
        dist.all_to_all_single(received, sent, sizes, [part.numel() for part in parts], group=self.group)
        return [piece.view(shape) for piece, shape in zip(received.split(sizes), shapes, strict=True)]

    def broadcast(self, tensor: Tensor) -> Tensor:
        """The content of rank 0's tensor, written into this one in place; on rank 0 itself it is what is sent."""
        dist.broadcast(tensor, 0, group=self.group)
        return tensor

    def own_heads(self, x: Tensor) -> Tensor:
        """Those of all heads [B, H, ...] that this rank has."""
        return x.unflatten(1, (self.size, -1))[:, self.rank]

    def all_heads(self, own: Tensor) -> Tensor:
        """All heads [B, H, ...], from this rank's [B, H / size, ...] and the others'."""
        if self.size == 1:
            return own
        return torch.cat(self.exchange([own] * self.size, [own.shape] * self.size), dim=1)

    def __deepcopy__(self, memo: dict[int, Any]) -> Ranks:
        """A copy of a model is on the same ranks; their connection is never copied."""
        return self


ALONE = Ranks()
"""One process that has everything."""
