"""Krea Realtime: the memory rebuilt from three or six clean frames before each chunk, the past weighed by 0.3 or not.

With the bias only `padmasked` is ours: `asis` pads queries, keys and values with zero rows that take part, a defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from .longlive_causal import Run
from .small import TOLERANCE

CHUNK = 3


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    for name, context, weight in (("ctx3", 3, 1.0), ("ctx6", 6, 1.0), ("ctx3_bias0.3_padmasked", 3, 0.3)):
        yield from _variant(tensors, info, name, context, weight)


def _variant(
    tensors: Mapping[str, Tensor], info: Mapping[str, Any], name: str, context: int, weight: float
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    sizes = info["config"] | {"local_attn_size": context + CHUNK}
    run = Run(tensors, sizes, lambda rule: replace(rule, rebuild=context))
    prompt = run.model.embed_prompt(tensors["in.context"])
    for i in range(info["config"]["chunks"]):
        if i:
            rebuilt = _rebuild(run, _context_frames(tensors, i, context), prompt)
            expected = tensors.get(f"out.{name}.chunk{i}.recompute")
            if expected is not None:
                yield f"{name}, chunk {i}, rebuild", rebuilt, expected, TOLERANCE
        start = min(CHUNK * i, context)
        view = run.memory.begin(run.state, range(start, start + CHUNK), past_weight=weight)
        noisy, clean = tensors[f"in.chunk{i}.noisy"], tensors[f"in.chunk{i}.clean"]
        for kind, latents, t in (("noisy", noisy, 750.0), ("second", 0.5 * clean + 0.5 * noisy, 500.0)):
            ours = run.through(view, latents, t, prompt)
            expected = tensors.get(f"out.{name}.chunk{i}.{kind}")
            if expected is not None:
                yield f"{name}, chunk {i}, {kind}", ours, expected, TOLERANCE


def _context_frames(tensors: Mapping[str, Tensor], chunk: int, count: int) -> Tensor:
    """The stream's first latent while it is near, else one encoded again; then the latest, zeros where there are none.

    The zeros are the published rule, for six frames only; ours rebuilds from what there is (`memory.rebuild`).
    """
    clean = torch.cat([tensors[f"in.chunk{i}.clean"] for i in range(chunk)], dim=2)
    is_near = CHUNK * (chunk - 1) < count
    first = clean[:, :, :1] if is_near else tensors[f"in.chunk{chunk}.reencoded_first"]
    missing = max(count - 1 - clean.shape[2], 0)
    padded = torch.cat((torch.zeros_like(clean[:, :, :1]).expand(-1, -1, missing, -1, -1), clean), dim=2)
    return torch.cat((first, padded[:, :, -(count - 1) :]), dim=2)


def _rebuild(run: Run, frames: Tensor, prompt: Any) -> Tensor:
    """Chunk by chunk, which equals one pass with a block-causal mask."""
    run.state.clear()
    starts = range(0, frames.shape[2], CHUNK)
    return torch.cat([run(frames[:, :, s : s + CHUNK], 0.0, s, prompt) for s in starts], dim=2)
