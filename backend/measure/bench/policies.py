"""What each pipeline's way of remembering costs: a chunk with it and with a plain window of the same sizes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from vace_core.config import PIPELINES, Pipeline
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from .engine import timed


def policy_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """One row for each pipeline's rule, on this model's weights; plain_ms is the window alone, else the same."""
    for name, rule in PIPELINES.items():
        with_it = replace(rule, architecture=model.pipeline.architecture)
        pair = {"ours": with_it, "plain": without_policy(with_it)}
        streams = {key: Stream(replace(model, pipeline=rule), height, width) for key, rule in pair.items()}
        warm = with_it.window // with_it.chunk + 2
        times: dict[str, list[float]] = {key: [] for key in streams}
        for n in range(warm + chunks):
            for key in sorted(streams, reverse=bool(n % 2)):
                elapsed = timed(
                    lambda stream=streams[key]: (stream.step(Controls("gold")), stream.settle()), model.device
                )
                if n >= warm:
                    times[key].append(elapsed)
        ours, plain = (1000 * statistics.median(times[key]) for key in ("ours", "plain"))
        yield {
            "name": f"memory of {name}",
            "plain_ms": round(plain, 1),
            "ours_ms": round(ours, 1),
            "ratio": round(plain / ours, 3),
            "latent_frames": with_it.chunk,
            "remembered_mb": round(streams["ours"].state.memory.nbytes() / 2**20, 1),
        }


def without_policy(rule: Pipeline) -> Pipeline:
    """The same chunk, window, sink, positions and steps, and nothing more."""
    return replace(rule, sink_decay=None, bank=None, rebuild=0, past_weight=1.0)
