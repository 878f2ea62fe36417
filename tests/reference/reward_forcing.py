"""Reward Forcing: a nine-frame window counted by position, whose sink takes in what leaves it (two decays)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from .longlive_causal import Run
from .small import TOLERANCE


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    yield from _run(tensors, info, "", info["config"]["compression_alpha"])
    yield from _run(tensors, info, "alpha0.7.", 0.7)


def _run(
    tensors: Mapping[str, Tensor], info: Mapping[str, Any], variant: str, decay: float
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    run = Run(tensors, info["config"], lambda rule: replace(rule, positions="window", sink_decay=decay))
    prompt = run.model.embed_prompt(tensors["in.context"])
    for i in range(info["config"]["chunks"]):
        noisy, clean = tensors[f"in.chunk{i}.noisy"], tensors[f"in.chunk{i}.clean"]
        passes = {"noisy": (noisy, 750.0)}
        if i == 5:
            passes["noisy_second_step"] = (0.5 * clean + 0.5 * noisy, 500.0)
        passes["clean"] = (clean, 0.0)
        for kind, (latents, t) in passes.items():
            ours = run(latents, t, 3 * i, prompt)
            expected = tensors.get(f"out.{variant}chunk{i}.{kind}")
            if expected is not None:
                yield f"{variant}chunk {i}, {kind}", ours, expected, TOLERANCE
        yield from run.cache(tensors, f"out.{variant}cache_after_chunk{i}", rotated=False)
