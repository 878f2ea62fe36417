"""Rows of the engine alone: a chunk by our stream and by the plain path, in turns, in each of the paper's modes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psutil
from torch import Tensor

from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from .controls import MODES, controls_of
from .limit import Rates, limit_row
from .memory import peak_gb, reset_peak
from .plain import PlainStream
from .policies import without_policy
from .sameness import difference, judged
from .timing import median_row, timed, turn, warm_chunks


def chunk_rows(model: Model, height: int, width: int, chunks: int, rates: Rates) -> Iterator[dict[str, Any]]:
    """One row for each mode; columns as the paper's Tables 5 and 6, beside the plain path's time and the limit.

    A memory policy is left out, as the plain path has none; the rows of `policies` say what it costs.
    """
    model, baseline = replace(model, pipeline=replace(without_policy(model.pipeline), recache=False)), None
    for mode in MODES:
        row = mode_row(model, height, width, chunks, mode, rates)
        baseline = baseline or row["ours_ms"]
        yield row | {"vace_overhead": round(row["ours_ms"] / baseline - 1, 3)}


def mode_row(model: Model, height: int, width: int, chunks: int, mode: str, rates: Rates) -> dict[str, Any]:
    """Both paths from their first chunk on: first ours alone, so that the peak of memory is its own, then in turns."""
    reset_peak(model.device)
    ours = Stream(model, height, width)
    given = [controls_of(mode, ours, 0)]
    warm = [frames_of(ours, given[0])]
    for n in range(1, warm_chunks(model.pipeline)):
        given.append(controls_of(mode, ours, n))
        warm.append(frames_of(ours, given[-1]))
    vram = peak_gb(model.device)
    plain = PlainStream(model, height, width, ours.attention.kernels)
    worst = max(difference(made, plain.step(controls)) for made, controls in zip(warm, given, strict=True))
    turns = []
    for n in range(chunks):
        controls, made = controls_of(mode, ours, len(given) + n), {}
        paths = {
            "ours": lambda c=controls, made=made: made.update(ours=frames_of(ours, c)),
            "plain": lambda c=controls, made=made: made.update(plain=plain.step(c)),
        }
        turns.append(turn(paths, n, model.device))
        worst = max(worst, difference(made["ours"], made["plain"]))
    return (
        {"name": f"chunk, {mode}"}
        | _columns(turns, ours)
        | judged(worst, model.precision)
        | {"vram_gb": vram}
        | limit_row(ours.fork(), controls_of(mode, ours, 0), rates, min(each["ours"] for each in turns))
    )


def _columns(turns: list[dict[str, float]], ours: Stream) -> dict[str, Any]:
    times, frames = sorted(each["ours"] for each in turns), ours.frames_wanted
    return {
        **median_row(turns),
        "ours_p90_ms": round(1000 * times[math.ceil(0.9 * (len(times) - 1))], 1),
        "frames": frames,
        "fps": round(frames / statistics.median(times), 1),
        "peak_fps": round(frames / times[0], 1),
        "attention": ours.attention.words(),
    }


def frames_of(stream: Stream, controls: Controls) -> Tensor:
    """Of the next chunk, whose clean pass is done too."""
    chunk = stream.step(controls)
    assert chunk is not None, "a stream batch has no plain path"
    stream.settle()
    return chunk.frames


def length_row(model: Model, height: int, width: int, chunks: int) -> dict[str, Any]:
    """Whether a chunk costs the same, and the process stays as large, however long the stream is."""
    stream = Stream(model, height, width)
    times, process = [], psutil.Process()
    size = 0
    for n in range(chunks):
        controls = controls_of("depth control", stream, n)
        times.append(timed(lambda controls=controls: (stream.step(controls), stream.settle()), model.device))
        if n == 10:
            size = process.memory_info().rss
    tenth = max((chunks - 10) // 10, 1)
    early, late = statistics.median(times[10 : 10 + tenth]), statistics.median(times[-tenth:])
    return {
        "name": f"chunk 10 to {chunks}",
        "early_ms": round(1000 * early, 1),
        "late_ms": round(1000 * late, 1),
        "ratio": round(early / late, 3),
        "growth_mb": round((process.memory_info().rss - size) / 2**20, 1),
    }
