"""What each pipeline's rule costs: a chunk by it and by a plain window of the same sizes, and how late frames are."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from vace_core.config import PIPELINES, Architecture, Pipeline
from vace_core.constants import FRAMES_PER_LATENT
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from .timing import median_row, turn, warm_stream


def policy_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """One row for each rule, on this model's weights; plain_ms is the window alone, where the rule is more than that.

    latency_ms: from a chunk's first frame to its picture, at the rule's frames a second: the time that its frames take
    to come in, and the time to make it.
    """
    for names, rule in distinct_rules(model.pipeline.architecture):
        streams = {"ours": warm_stream(replace(model, pipeline=rule), height, width)}
        if rule != without_policy(rule):
            streams["plain"] = warm_stream(replace(model, pipeline=without_policy(rule)), height, width)
        paths = {key: partial(_chunk, stream) for key, stream in streams.items()}
        turns = [turn(paths, n, model.device) for n in range(1 + chunks)][1:]
        ours = 1000 * statistics.median(each["ours"] for each in turns)
        yield {
            "name": f"memory of {', '.join(names)}",
            **(median_row(turns) if "plain" in streams else {"ours_ms": round(ours, 2)}),
            "latent_frames": rule.chunk,
            "latency_ms": round(1000 * FRAMES_PER_LATENT * rule.chunk / rule.fps + ours, 1),
            "remembered_mb": round(streams["ours"].state.memory.nbytes() / 2**20, 1),
        }


def _chunk(stream: Stream) -> None:
    stream.step(Controls("gold"))
    stream.settle()


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
