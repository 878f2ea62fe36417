"""UMT5's encoder, as Wan reads prompts with it. Its parts have the names that transformers gives them in files.

Written here, as importing transformers' takes longer than importing all else that a stream needs together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .float8 import Float8Embedding

EPSILON = 1e-6
"""Below the root of a norm."""


@dataclass(frozen=True)
class Umt5Sizes:
    """vocabulary: token ids; width: of an embedding; head: of one head's queries; inner: of the layers in between.

    Distances between tokens fall into `buckets`, half of them for each direction, which grow up to `farthest`.
    """

    vocabulary: int
    width: int
    head: int
    inner: int
    heads: int
    layers: int
    buckets: int = 32
    farthest: int = 128


class Norm(nn.Module):
    """Scales each row to a root mean square of one, reckoned in float32, and by a weight for each number."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.float().square().mean(-1, keepdim=True) + EPSILON)
        return self.weight * (x * scale).to(self.weight.dtype)


class SelfAttention(nn.Module):
    """Every token to every token, by their products, which are not scaled, and a bias for their distance."""

    def __init__(self, sizes: Umt5Sizes) -> None:
        super().__init__()
        self._sizes, inner = sizes, sizes.heads * sizes.head
        self.q, self.k, self.v = (_linear(sizes.width, inner) for _ in range(3))
        self.o = _linear(inner, sizes.width)
        self.relative_attention_bias = nn.Embedding(sizes.buckets, sizes.heads)
        nn.init.normal_(self.q.weight, std=(sizes.width * sizes.head) ** -0.5)
        nn.init.normal_(self.relative_attention_bias.weight, std=sizes.width**-0.5)

    def forward(self, x: Tensor, buckets: Tensor, mask: Tensor | None) -> Tensor:
        """x [B, L, C]; buckets [L, L] of distances; mask [B, L], true where there is a token, None for everywhere."""
        q, k, v = (self._heads(layer(x)) for layer in (self.q, self.k, self.v))
        bias = self.position_bias(buckets)
        if mask is not None:
            bias = bias.masked_fill(~mask[:, None, None], torch.finfo(bias.dtype).min)
        attended = functional.scaled_dot_product_attention(q, k, v, bias, scale=1.0)
        return self.o(attended.transpose(1, 2).flatten(2))

    def position_bias(self, buckets: Tensor) -> Tensor:
        """For each head, from each token to each: [1, heads, L, L]."""
        return self.relative_attention_bias(buckets).permute(2, 0, 1)[None]

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self._sizes.heads, -1)).transpose(1, 2)


def buckets_between(length: int, sizes: Umt5Sizes, device: torch.device) -> Tensor:
    """The bucket of the distance from each of so many tokens to each, [L, L]."""
    at = torch.arange(length, device=device)
    return bucket_of(at[None] - at[:, None], sizes.buckets, sizes.farthest)


def bucket_of(distance: Tensor, buckets: int, farthest: int) -> Tensor:
    """Of distances of tokens, any shape: a bucket each for the near ones, and ever wider ones up to `farthest`."""
    half, away = buckets // 2, distance.abs()
    near = half // 2
    wide = torch.log(away.float() / near) / math.log(farthest / near) * (half - near)
    far = (near + wide.long()).clamp(max=half - 1)
    return (distance > 0).long() * half + torch.where(away < near, away, far)


class FeedForward(nn.Module):
    """Two layers side by side, one of which gates the other, and one back."""

    def __init__(self, sizes: Umt5Sizes) -> None:
        super().__init__()
        self.wi_0, self.wi_1 = _linear(sizes.width, sizes.inner), _linear(sizes.width, sizes.inner)
        self.wo = _linear(sizes.inner, sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.wo(functional.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))


class Attending(nn.Module):
    """The first half of a block."""

    def __init__(self, sizes: Umt5Sizes) -> None:
        super().__init__()
        self.SelfAttention = SelfAttention(sizes)
        self.layer_norm = Norm(sizes.width)

    def forward(self, x: Tensor, buckets: Tensor, mask: Tensor | None) -> Tensor:
        return _in_range(x + self.SelfAttention(self.layer_norm(x), buckets, mask))


class Feeding(nn.Module):
    """The second half of a block."""

    def __init__(self, sizes: Umt5Sizes) -> None:
        super().__init__()
        self.DenseReluDense = FeedForward(sizes)
        self.layer_norm = Norm(sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        return _in_range(x + self.DenseReluDense(self.layer_norm(x)))


class Umt5Block(nn.Module):
    """Attention, then the layers that take each token for itself."""

    def __init__(self, sizes: Umt5Sizes) -> None:
        super().__init__()
        self.layer = nn.ModuleList([Attending(sizes), Feeding(sizes)])

    def forward(self, x: Tensor, buckets: Tensor, mask: Tensor | None) -> Tensor:
        attending, feeding = self.layer
        return feeding(attending(x, buckets, mask))


class Umt5Stack(nn.Module):
    """The blocks. embed_tokens: the token embeddings under the second name that files may have for them."""

    def __init__(self, sizes: Umt5Sizes, table: nn.Module) -> None:
        super().__init__()
        self._sizes = sizes
        self.embed_tokens = table
        self.block = nn.ModuleList(Umt5Block(sizes) for _ in range(sizes.layers))
        self.final_layer_norm = Norm(sizes.width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Embeddings [B, L, C] of tokens, mask [B, L] (1 = a token, 0 = padding; None = all tokens) -> [B, L, C]."""
        known = None if mask is None else mask.bool()
        buckets = buckets_between(x.shape[1], self._sizes, x.device)
        for block in self.block:
            x = block(x, buckets, known)
        return self.final_layer_norm(x)


class Umt5Encoder(nn.Module):
    """With random weights, as training begins with them."""

    shared: nn.Embedding | Float8Embedding

    def __init__(self, sizes: Umt5Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.shared = nn.Embedding(sizes.vocabulary, sizes.width)
        self.encoder = Umt5Stack(sizes, self.shared)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Token ids [B, L], mask [B, L] as `Umt5Stack` takes it -> [B, L, C]; rows of padding mean nothing."""
        return self.encoder(self.shared(ids), mask)

    def replace_table(self, table: nn.Embedding | Float8Embedding) -> None:
        """Other token embeddings, under both names."""
        self.shared = self.encoder.embed_tokens = table


def _linear(inward: int, outward: int) -> nn.Linear:
    layer = nn.Linear(inward, outward, bias=False)
    nn.init.normal_(layer.weight, std=inward**-0.5)
    return layer


def _in_range(x: Tensor) -> Tensor:
    """In float16 the largest UMT5 runs over."""
    if x.dtype != torch.float16:
        return x
    return x.clamp(-torch.finfo(x.dtype).max, torch.finfo(x.dtype).max)
