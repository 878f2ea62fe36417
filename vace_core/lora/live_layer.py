"""What the LoRAs of one layer add to its output, at strengths that are played.

y = W x + b + sum over the LoRAs of strength * (W' - W) x, which is

low rank    scale * up (down x)                  all of a layer as one product of their ranks together
Kronecker   scale * left X right'                X: x as a matrix [q, s]
decomposed  (g - 1) (W x) + g scale * up (down x)    by rows, whose gains g are known once W is

So a second low-rank LoRA costs no second pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv3d, linear

from ..transformer.model import CausalWan
from ..transformer.quantised import plain_input
from .building import LARGEST_RANK
from .changes import Adapter, Change, DecomposedAdapter, HadamardAdapter, KroneckerAdapter

LARGEST_SHARE = 0.25
"""Of a layer's weight, what the right factor of a Kronecker product may have: that share of its work is done again."""

Sources = tuple[tuple[int, int, float], ...]
"""What stands behind a layer's gains: number of the LoRA, how many gains in a row, and what its strength is multiplied
by there. Layers with equal ones share their gains."""


@dataclass(frozen=True)
class LiveLayer:
    """Of all LoRAs that change a layer. `added` gets a gain for each rank, then each product, then each stretch."""

    sources: Sources
    down: Tensor | None
    """[R, in] (a convolution's with its kernel)."""
    up: Tensor | None
    """[out, R]."""
    products: tuple[tuple[Tensor, Tensor], ...]
    """left [p, q], right [r, s]."""
    stretches: Tensor | None
    """[D, out]: g - 1."""

    def added(self, gains: Tensor, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        """A forward hook: the layer's output with what its LoRAs add. gains float32: strength times factor."""
        x = plain_input(*inputs)
        total = output
        ranks = 0 if self.down is None else len(self.down)
        if self.down is not None and self.up is not None:
            of_ranks = gains[:ranks] if ranks < len(gains) else gains
            if isinstance(module, nn.Conv3d):
                low = conv3d(x, self.down, stride=module.stride) * of_ranks[:, None, None, None]
                total = total + conv3d(low.to(x.dtype), self.up)
            else:
                low = (linear(x, self.down) * of_ranks).to(x.dtype)
                total = torch.addmm(total.flatten(0, -2), low.flatten(0, -2), self.up.t()).view_as(total)
        for n, (left, right) in enumerate(self.products, ranks):
            made = left @ linear(x.unflatten(-1, (left.shape[1], right.shape[1])), right)
            total = total + (made.flatten(-2) * gains[n]).to(x.dtype)
        if self.stretches is not None:
            factor = gains[-len(self.stretches) :] @ self.stretches
            plain = output - module.bias if isinstance(module.bias, Tensor) else output
            total = total + (plain * factor).to(x.dtype)
        return total


def why_not_live(module: nn.Module, change: Change) -> str | None:
    """Why a change cannot be played exactly at little cost, in words; None where it can."""
    if isinstance(change, DecomposedAdapter):
        if not change.by_rows:
            return "DoRA by columns, which takes a second product with the whole weight"
        if isinstance(change.inner, KroneckerAdapter) or isinstance(module, nn.Conv3d):
            return "DoRA of a LoKr, or of a convolution"
        if not isinstance(module, nn.Linear):
            return "DoRA of a layer that is quantised"
        return why_not_live(module, change.inner)
    if isinstance(change, HadamardAdapter) and change.rank > LARGEST_RANK:
        return f"LoHa of a rank that is {change.rank} as one product, where at most {LARGEST_RANK} is cheap"
    if isinstance(change, KroneckerAdapter):
        (out, inner), (r, s) = change.size, change.right_shape
        if isinstance(module, nn.Conv3d):
            return "LoKr of a convolution"
        if r * s > LARGEST_SHARE * out * inner:
            return f"LoKr whose right factor is {r} x {s}, more than a quarter of the layer"
    return None


def live_layer(transformer: CausalWan, name: str, changes: Sequence[Change | None]) -> LiveLayer:
    """changes: that of each LoRA, or None; each can be played, as `why_not_live` says."""
    module = transformer.get_submodule(name)
    weight = module.weight
    assert isinstance(weight, Tensor)
    like = transformer.patch_embedding.weight  # as what comes in; a layer's own may be narrower
    ranks: list[tuple[int, int, float]] = []
    downs, ups, products, stretches = [], [], [], []
    of_products: list[tuple[int, int, float]] = []
    of_stretches: list[tuple[int, int, float]] = []
    for n, change in enumerate(changes):
        gain = None
        if isinstance(change, DecomposedAdapter):
            wide = weight.float()
            gain = change.gain(change.inner.merged(wide, 1.0)).flatten()
            stretches.append(gain - 1)
            of_stretches.append((n, 1, 1.0))
            change = change.inner
        if isinstance(change, KroneckerAdapter):
            products.append(change.read(like.device, like.dtype))
            of_products.append((n, 1, change.scale))
        elif isinstance(change, Adapter | HadamardAdapter):
            down, up = change.read(like.device, like.dtype if gain is None else torch.float32)
            downs.append(down.to(like.dtype))
            ups.append(up if gain is None else (up * gain[:, None]).to(like.dtype))
            ranks.append((n, change.rank, change.scale))
    down, up = (torch.cat(downs), torch.cat(ups, dim=1)) if downs else (None, None)
    if down is not None and up is not None and isinstance(module, nn.Conv3d):
        down, up = down.unflatten(1, module.weight.shape[1:]), up[..., None, None, None]
    return LiveLayer(
        (*ranks, *of_products, *of_stretches),
        down,
        up,
        tuple(products),
        torch.stack(stretches) if stretches else None,
    )
