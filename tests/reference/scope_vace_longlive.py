"""LongLive with VACE's context blocks beside it, by the two rules that are right.

`padmasked` leaves out the zero keys that the published attention pads its context with, `cleannovace` is the order
of the real pipeline, whose clean pass does not see the context. The third variant, `asis`, is the padding defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from .longlive_causal import Run
from .small import TOLERANCE, timestep


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    for scale in (1.0, 0.6):
        yield from _variant(tensors, info, f"padmasked.scale_{scale}", scale, clean_scale=scale)
        yield from _variant(tensors, info, f"padmasked_cleannovace.scale_{scale}", scale, clean_scale=0.0)
    yield from _variant(tensors, info, "novace", scale=0.0, clean_scale=0.0)
    run = Run(tensors, info["config"])
    model, noisy = run.model, tensors["in.chunk3.noisy"]
    prompt = model.embed_prompt(tensors["in.context"])
    context = model.embed_context(_context(tensors, 3))
    hints = model.hints(model.patchify(noisy), model.embed_time(timestep(750.0)), prompt, context, noisy)
    for n, hint in enumerate(hints):
        yield f"hint {n} of chunk 3", hint, tensors[f"out.padmasked.hints_chunk3.{n}"], TOLERANCE


def _context(tensors: Mapping[str, Tensor], chunk: int) -> Tensor:
    latents, mask = tensors[f"in.chunk{chunk}.vace_latents"], tensors[f"in.chunk{chunk}.vace_mask"]
    return torch.cat((latents, mask.float()))[None]


def _variant(
    tensors: Mapping[str, Tensor], info: Mapping[str, Any], name: str, scale: float, clean_scale: float
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    run = Run(tensors, info["config"])
    model = run.model
    prompt = model.embed_prompt(tensors["in.context"])
    for i in range(info["config"]["chunks"]):
        context = model.embed_context(_context(tensors, i))
        view = run.memory.begin(run.state, range(3 * i, 3 * i + 3))
        for kind, t, strength in (("noisy", 750.0, scale), ("clean", 0.0, clean_scale)):
            time, latents = model.embed_time(timestep(t)), tensors[f"in.chunk{i}.{kind}"]
            ours = model(latents, time, prompt, context, strength, memory=view.layers, turn=view.turn)
            expected = tensors.get(f"out.{name}.chunk{i}.{kind}")
            if expected is not None:
                yield f"{name}, chunk {i}, {kind}", ours, expected, TOLERANCE
