"""Rows of several devices that make one stream together: a chunk by all of them and by the first alone, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from vace_core.config import pipeline_named
from vace_core.controls import Controls
from vace_core.load import load
from vace_core.model import Model
from vace_core.parallel import ALONE
from vace_core.stream import Stream

from ...engine.ranks.shared_stream import SharedStream
from ...engine.ranks.worker import SentTexts, as_text_encoder
from ...engine.ranks.workers import Workers
from .engine import MODES, PICTURES_AGREE, chunk_controls, timed
from .random_weights import random_model


@dataclass(frozen=True)
class RankModel:
    """What each rank loads."""

    pipeline: str
    random_weights: bool


def device_rows(
    wanted: RankModel, devices: Sequence[str], size: tuple[int, int] | None, chunks: int
) -> Iterator[dict[str, Any]]:
    """One row for each mode; size (height, width), None for the pipeline's.

    Raises ValueError where the heads do not divide, and in float32 where the two paths' pictures differ.
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
        return random_model(wanted.pipeline, device)
    return load(wanted.pipeline, device, text=as_text_encoder(texts))


def _row(model: Model, workers: Workers, size: tuple[int, int], mode: str, chunks: int) -> dict[str, Any]:
    alone, shared = Stream(model.shared_among(ALONE), *size), SharedStream(model, workers, *size)
    warm = model.pipeline.window // model.pipeline.chunk + 2  # the window is full and has rolled once
    times: dict[str, list[float]] = {"alone": [], "shared": []}
    difference = 0.0
    for n in range(warm + chunks):
        controls = chunk_controls(mode, alone.frames_wanted, *size, n, model.device)
        made: dict[str, Tensor] = {}
        for name in ("alone", "shared") if n % 2 else ("shared", "alone"):
            make = partial(_make, alone if name == "alone" else shared, controls, made, name)
            elapsed = timed(make, model.device)
            times[name] += [elapsed] if n >= warm else []
        difference = max(difference, (made["alone"] - made["shared"]).abs().max().item())
    if difference > PICTURES_AGREE and model.dtype.itemsize == 4:
        raise ValueError(f"{mode}: one device and several differ by {difference:.1e}, so times cannot be compared")
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "name": f"chunk, {mode}, on {', '.join(workers.devices)}",
        "alone_ms": round(1000 * medians["alone"], 1),
        "shared_ms": round(1000 * medians["shared"], 1),
        "ratio": round(medians["alone"] / medians["shared"], 3),
        "max_difference": difference,
    }


def _make(stream: Stream | SharedStream, controls: Controls, made: dict[str, Tensor], name: str) -> None:
    chunk = stream.step(controls)
    assert chunk is not None
    made[name] = chunk.frames
    stream.settle()
