"""The kinds of attention that a stream has, with numbers to try them on and what is right for those."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..config import Pipeline

Inputs = tuple[Tensor, Tensor, Tensor, Tensor | None]
"""Queries [1, H, N, D], keys and values [1, H, M, D], bias [1, 1, 1, M] or None."""
COMPARED = 64
"""Queries whose result is compared, spread over all of them, the last one included."""


@dataclass(frozen=True)
class Case:
    """One kind of attention: so many queries and keys, and how many of a chunk's calls are of this kind.

    memory: whether keys and values are rows within a larger buffer, as the memory gives them, or else the heads of a
    projection. biased: whether something is added to the logits: nothing for some keys, log 0.3 for others, and minus
    infinity for the rest, as for a past that counts for less and a reference of strength 0.
    """

    words: str
    queries: int
    keys: int
    calls: int
    memory: bool = False
    biased: bool = False

    def at_most(self, queries: int, keys: int) -> Case:
        """The same with fewer of them, if there are more."""
        return replace(self, queries=min(self.queries, queries), keys=min(self.keys, keys))


def cases_of(pipeline: Pipeline, per_frame: int) -> tuple[Case, ...]:
    """Those of a settled chunk, and of the first one. per_frame: tokens of a latent frame."""
    architecture, passes = pipeline.architecture, len(pipeline.steps) + 1
    chunk, context = pipeline.chunk * per_frame, len(architecture.vace_layers) * len(pipeline.steps)
    window = (pipeline.window + (pipeline.bank.frames if pipeline.bank else 0)) * per_frame
    main = architecture.layers * passes
    hints = (
        Case("of a context block", chunk, chunk, context),
        Case("of a context block with references", chunk, chunk + per_frame, context, biased=True),
    )
    return (
        Case("to a full window", chunk, window, main, memory=True),
        Case("to the first chunk of a window", chunk, chunk, 0, memory=True),
        Case("to the prompt", chunk, architecture.text_length, main + context),
        Case("to a window and a reference, weighted", chunk, window + per_frame, main, memory=True, biased=True),
        *(hints if context else ()),
    )


def inputs_of(case: Case, heads: int, head: int, device: torch.device, dtype: torch.dtype, seed: int) -> Inputs:
    """Random, and their strides are a forward's. Logits differ by 2 or so; keys have a mean, as real ones have."""
    generator = torch.Generator(device).manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, device=device, dtype=dtype)

    def projected(rows: int, mean: Tensor | float) -> Tensor:
        return (normal(1, rows, heads, head) + mean).transpose(1, 2)

    def remembered(rows: int, mean: Tensor | float) -> Tensor:
        return (normal(1, heads, rows + 48, head) + mean)[:, :, 16 : 16 + rows]

    rows = remembered if case.memory else projected
    queries = 2 * projected(case.queries, 0.0)
    keys, values = rows(case.keys, 2 * normal(head)), rows(case.keys, 0.0)
    return queries, keys, values, _bias(case.keys, seed, queries) if case.biased else None


def _bias(keys: int, seed: int, like: Tensor) -> Tensor:
    kinds = torch.tensor([0.0, math.log(0.3), -math.inf], device=like.device, dtype=like.dtype)
    order = torch.arange(3, device=like.device).roll(seed)
    return kinds[order].repeat_interleave(-(-keys // 3))[None, None, None, :keys]


def relative_error(got: Tensor, inputs: Inputs) -> float:
    """The largest error of any row [D] of a result [1, H, N, D], relative to what float64 gives for that row."""
    count = inputs[0].shape[2]
    rows = torch.linspace(0, count - 1, min(COMPARED, count), device=got.device).round().long()
    errors = [_head_error(got[0, head, rows].double(), inputs, head, rows) for head in range(got.shape[1])]
    return torch.stack(errors).max().item()


def _head_error(got: Tensor, inputs: Inputs, head: int, rows: Tensor) -> Tensor:
    """One head at a time, as all in float64 could be more than a GPU has left."""
    queries, keys, values = (tensor[0, head].double() for tensor in inputs[:3])
    logits = queries[rows] @ keys.mT * queries.shape[-1] ** -0.5
    exact = (logits if inputs[3] is None else logits + inputs[3][0, 0].double()).softmax(-1) @ values
    return ((got - exact).norm(dim=-1) / exact.norm(dim=-1)).max()
