"""Rows of several devices that make one stream together: a chunk by all of them and by the first alone, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vace_core.checkpoints.options import LoadOptions
from vace_core.config import pipeline_named
from vace_core.controls import Controls
from vace_core.load import load
from vace_core.model import Model
from vace_core.parallel import ALONE
from vace_core.stream import Stream

from ...engine.ranks.shared_stream import SharedStream
from ...engine.ranks.worker import SentTexts, as_text_encoder
from ...engine.ranks.workers import Workers
from .controls import MODES, controls_of
from .models import random_model
from .sameness import difference, judged
from .timing import turn, warm_chunks


@dataclass(frozen=True)
class RankModel:
    """What each rank loads."""

    pipeline: str
    random_weights: bool
    precision: str = "auto"
    """As `LoadOptions.precision`; in float32 one rank and several show the same to the last bits."""


def device_rows(
    wanted: RankModel, devices: Sequence[str], size: tuple[int, int] | None, chunks: int
) -> Iterator[dict[str, Any]]:
    """One row for each mode; size (height, width), None for the pipeline's.

    Raises ValueError where the heads do not divide.
    """
    preset = pipeline_named(wanted.pipeline)
    if trouble := preset.architecture.sharing_trouble(len(devices)):
        raise ValueError(f"{wanted.pipeline} on {', '.join(devices)}: {trouble}")
    workers = Workers(f"{__name__}:load_rank", wanted, devices)
    with closing(workers):
        model = workers.join(lambda: load_rank(wanted, devices[0]))
        for mode in MODES:
            yield _row(model, workers, size or (preset.height, preset.width), mode, chunks)


def load_rank(wanted: RankModel, device: str, texts: SentTexts | None = None) -> Model:
    """As `worker.main` has it loaded."""
    if wanted.random_weights:
        return random_model(wanted.pipeline, torch.device(device))
    return load(wanted.pipeline, device, options=LoadOptions(precision=wanted.precision), text=as_text_encoder(texts))


def _row(model: Model, workers: Workers, size: tuple[int, int], mode: str, chunks: int) -> dict[str, Any]:
    alone, shared = Stream(model.shared_among(ALONE), *size), SharedStream(model, workers, *size)
    warm, turns, worst = warm_chunks(model.pipeline), [], 0.0
    for n in range(warm + chunks):
        controls = controls_of(mode, alone, n)
        made: dict[str, Tensor] = {}
        paths = {
            name: partial(_make, stream, controls, made, name)
            for name, stream in (("alone", alone), ("shared", shared))
        }
        turns.append(turn(paths, n, model.device))
        worst = max(worst, difference(made["alone"], made["shared"]))
    one, all_of_them = (1000 * statistics.median(each[name] for each in turns[warm:]) for name in ("alone", "shared"))
    return {
        "name": f"chunk, {mode}, on {', '.join(workers.devices)}",
        "alone_ms": round(one, 1),
        "shared_ms": round(all_of_them, 1),
        "ratio": round(one / all_of_them, 3),
    } | judged(worst, model.precision)


def _make(stream: Stream | SharedStream, controls: Controls, made: dict[str, Tensor], name: str) -> None:
    chunk = stream.step(controls)
    assert chunk is not None
    made[name] = chunk.frames
    stream.settle()
