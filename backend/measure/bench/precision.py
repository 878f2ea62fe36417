"""A row of the same chunk in float32, and in the number format that the model's blocks multiply in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vace_core.checkpoints.options import LoadOptions
from vace_core.load import load
from vace_core.model import Model
from vace_core.stream import Stream

from .controls import controls_of
from .engine import frames_of
from .sameness import difference, judged
from .timing import median_row, turn, warm_chunks

MODE = "depth control"


def in_float32(model: Model) -> Model:
    """The pocket model by the same rule and in float32 throughout, where it is not; another model as it is."""
    if model.precision == model.dtype:
        return model
    exact = load("pocket", str(model.device), options=LoadOptions(precision="float32"))
    return replace(exact, pipeline=model.pipeline)


def precision_rows(model: Model, exact: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """One row, plain_ms being that of `exact`; none where both multiply in the same.

    Both make their own stream from the first chunk on. difference: as in all rows. largest_difference: of one number of
    a frame in [-1, 1], in any chunk.
    """
    if model.precision == exact.precision:
        return
    streams, turns = {"plain": Stream(exact, height, width), "ours": Stream(model, height, width)}, []
    worst, largest = 0.0, 0.0
    for n in range(warm_chunks(model.pipeline) + chunks):
        controls, made = controls_of(MODE, streams["plain"], n), dict[str, Tensor]()

        def run(name: str, controls: Any = controls, made: dict[str, Tensor] = made) -> None:
            made[name] = frames_of(streams[name], controls)

        turns.append(turn({name: lambda name=name: run(name) for name in streams}, n, model.device))
        worst = max(worst, difference(made["ours"], made["plain"]))
        largest = max(largest, (made["ours"] - made["plain"]).abs().max().item())
    name = f"chunk, {MODE}, {_words(model.precision)} in place of {_words(exact.precision)}"
    row = {"name": name} | median_row(turns[-chunks:]) | judged(worst, model.precision)
    yield row | {"largest_difference": round(largest, 5)}


def _words(precision: torch.dtype) -> str:
    return str(precision).removeprefix("torch.")
