"""MemFlow: a bank of three frames beside LongLive's window, recorded and chosen in the ways of its published loops.

`scope_interval` records in every third chunk, `original_order` in every chunk; both bank the last recorded frame again
in every chunk (`recommit`), which ours does not do by default. `sma` is the first with sparse activation, `no_record`
never records and so has no bank.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from vace_core.config import Bank

from .longlive_causal import Run
from .small import TOLERANCE

SEQUENCES = {
    "scope_interval": Bank(recommit=True),
    "original_order": Bank(recommit=True, every_chunk=True),
    "sma": Bank(recommit=True, sparse=3),
    "no_record": None,
}


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    for name, bank in SEQUENCES.items():
        yield from _sequence(tensors, info, name, bank)


def _sequence(
    tensors: Mapping[str, Tensor], info: Mapping[str, Any], name: str, bank: Bank | None
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    run = Run(tensors, info["config"], lambda rule: replace(rule, bank=bank))
    prompt = run.model.embed_prompt(tensors["in.context"])
    for i in range(info["config"]["chunks"]):
        noisy, clean = tensors[f"in.chunk{i}.noisy"], tensors[f"in.chunk{i}.clean"]
        frames = range(3 * i, 3 * i + 3)
        view = run.memory.begin(run.state, frames, prompt=prompt)
        passes = {"noisy": (noisy, 750.0), "second": (0.5 * clean + 0.5 * noisy, 500.0), "clean": (clean, 0.0)}
        for kind, (latents, t) in passes.items():
            ours = run.through(view, latents, t, prompt)
            expected = tensors.get(f"out.{name}.chunk{i}.{kind}")
            if expected is not None:
                yield f"{name}, chunk {i}, {kind}", ours, expected, TOLERANCE
        run.memory.commit(run.state, frames)
        if bank is not None:
            yield from _bank(run, tensors, f"out.{name}.bank_after_chunk{i}", bank.frames)


def _bank(
    run: Run, tensors: Mapping[str, Tensor], prefix: str, frames: int
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    """Published banks are [B, frames * T, H, D] in the order in which they filled; ours lie the other way round."""
    assert run.state.bank is not None
    for n, (layer, (pending, _)) in enumerate(zip(run.state.layers, run.state.bank.pending, strict=True)):
        rows = layer.rotated[:, :, : frames * run.memory.per_frame].unflatten(2, (frames, -1)).flip(2).flatten(2, 3)
        for kind, ours in (("k", rows), ("k_new", pending)):
            name = f"{prefix}.layer{n}.{kind}"
            if name in tensors:
                yield name.removeprefix("out."), ours.transpose(1, 2), tensors[name], TOLERANCE
