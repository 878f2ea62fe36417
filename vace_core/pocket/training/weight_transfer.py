"""Carrying a trained transformer over to the latents of another autoencoder, to be taught further from there.

Two autoencoders of one kind say much the same in other words. What the old one's latents are, as far as a matrix can
tell, is put into the projections by which latents enter and leave the transformer; its blocks stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.transformer import CausalWan


@dataclass(frozen=True)
class LatentMap:
    """From new latents to old ones, channel by channel of a cell: old = matrix @ new + shift.

    rotation is the orthogonal matrix nearest to it, for what is mixed with noise, which has to stay what it is.
    """

    matrix: Tensor
    shift: Tensor
    rotation: Tensor

    @classmethod
    def between(cls, new: Tensor, old: Tensor) -> LatentMap:
        """By least squares from latents [N, C] of the same cells."""
        ones = torch.cat((new, new.new_ones(len(new), 1)), dim=1).double()
        solution = torch.linalg.lstsq(ones, old.double()).solution.T
        u, _, v = torch.linalg.svd((old - old.mean(dim=0)).T.double() @ (new - new.mean(dim=0)).double())
        return cls(solution[:, :-1].float(), solution[:, -1].float(), (u @ v).float())


@torch.inference_mode()
def latent_map(new: TinyAutoencoder, old: TinyAutoencoder, videos: Sequence[Tensor]) -> LatentMap:
    """From what both make of the same videos [1, 3, 1 + 4k, H, W] in [-1, 1]."""
    rows = [
        torch.cat([model.encode(video)[0].movedim(1, -1).flatten(0, -2) for video in videos]) for model in (new, old)
    ]
    return LatentMap.between(*rows)


@torch.no_grad()
def transfer_weights(transformer: CausalWan, over: LatentMap) -> None:
    """Make a transformer of the old latents one of the new, as near as its projections alone can bring it."""
    channels = len(over.shift)
    main, context, head = transformer.patch_embedding, transformer.vace_patch_embedding, transformer.head.head
    main.weight.copy_(torch.einsum("dctyx,ck->dktyx", main.weight, over.rotation))
    for stream in (slice(0, channels), slice(channels, 2 * channels)):
        weight = context.weight[:, stream].clone()
        cast(Tensor, context.bias).add_(torch.einsum("dctyx,c->d", weight, over.shift))
        context.weight[:, stream] = torch.einsum("dctyx,ck->dktyx", weight, over.matrix)
    for values in (head.weight, head.bias):
        by_place = values.unflatten(0, (-1, channels))
        values.copy_(torch.einsum("pc...,ck->pk...", by_place, over.rotation).flatten(0, 1))
