"""The clock of the rows: medians of paths that take turns, and streams that are warm when they are measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from vace_core.config import Pipeline
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.state import StreamState
from vace_core.stream import Stream

Path = Callable[[], object]


def timed(run: Path, device: torch.device) -> float:
    """Seconds until a device has done what a run asks of it."""
    _wait(device)
    began = time.perf_counter()
    run()
    _wait(device)
    return time.perf_counter() - began


def turn(paths: Mapping[str, Path], n: int, device: torch.device) -> dict[str, float]:
    """Seconds of each path, one after the other; in every second turn the other way round."""
    names = list(paths)[:: -1 if n % 2 else 1]
    return {name: timed(paths[name], device) for name in names}


def median_row(turns: list[dict[str, float]]) -> dict[str, Any]:
    """Medians of the paths "plain" and "ours" in milliseconds, and their ratio."""
    plain, ours = (1000 * statistics.median(each[name] for each in turns) for name in ("plain", "ours"))
    return {"plain_ms": round(plain, 2), "ours_ms": round(ours, 2), "ratio": round(plain / ours, 3)}


def warm_chunks(pipeline: Pipeline) -> int:
    """After so many chunks the window is full and has rolled once."""
    return pipeline.window // pipeline.chunk + 2


def warm_state(model: Model, height: int, width: int) -> StreamState:
    """Of a stream whose window is full and has rolled once, made without control in chunks of one step each."""
    one_step = replace(model.pipeline, steps=model.pipeline.steps[:1], first_steps=())
    stream = Stream(replace(model, pipeline=one_step), height, width)
    for _ in range(warm_chunks(model.pipeline)):
        stream.step(Controls("gold"))
        stream.settle()
    return stream.snapshot()


def warm_stream(model: Model, height: int, width: int, state: StreamState | None = None) -> Stream:
    """A stream that goes on from such a state."""
    stream = Stream(model, height, width)
    stream.restore(warm_state(model, height, width) if state is None else state)
    return stream


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
