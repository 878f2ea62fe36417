"""What each pipeline's rule costs: a chunk by it and by a plain window of the same sizes, and how late frames are."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from vace_core.config import PIPELINES, Architecture, Pipeline
from vace_core.constants import FRAMES_PER_LATENT
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from .engine import timed


def policy_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """One row for each rule, on this model's weights; plain_ms is the window alone, else the same.

    latency_ms: from a chunk's first frame to its picture, at the rule's frames a second: the time that its frames take
    to come in, and the time to make it.
    """
    for names, with_it in distinct_rules(model.pipeline.architecture):
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
            "name": f"memory of {', '.join(names)}",
            "plain_ms": round(plain, 1),
            "ours_ms": round(ours, 1),
            "ratio": round(plain / ours, 3),
            "latent_frames": with_it.chunk,
            "latency_ms": round(1000 * FRAMES_PER_LATENT * with_it.chunk / with_it.fps + ours, 1),
            "remembered_mb": round(streams["ours"].state.memory.nbytes() / 2**20, 1),
        }


def distinct_rules(architecture: Architecture) -> list[tuple[list[str], Pipeline]]:
    """The pipelines' rules on weights of that size, with the names of all that have them."""
    rules: dict[Pipeline, list[str]] = {}
    for name, row in PIPELINES.items():
        rule = replace(row, name="rule", architecture=architecture, weights=Pipeline.weights)
        rules.setdefault(rule, []).append(name)
    return [(names, rule) for rule, names in rules.items()]


def without_policy(rule: Pipeline) -> Pipeline:
    """The same chunk, window, sink, positions and steps, and nothing more."""
    return replace(rule, sink_decay=None, bank=None, rebuild=0, past_weight=1.0)
