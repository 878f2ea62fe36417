"""What kernels are tried with at the start: a captured graph, and a clock. CUDA has both, the CPU a clock only."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

Run = Callable[[], Tensor]
ROUNDS = 5
"""Timings of each run, of which the median counts."""
REPEATS = 10
"""Runs in one timing on CUDA: one alone would be too short for its clock."""


@dataclass(frozen=True)
class Laboratory:
    """record: captures what a run does, and gives what does it again, on the same memory. time: of runs, in
    milliseconds each, taken in turns. None where a device has no such thing, or it is not wanted."""

    record: Callable[[Run], Run] | None = None
    time: Callable[[Sequence[Run]], list[float]] | None = None


def on(device: torch.device) -> AbstractContextManager[object]:
    """Where several GPUs are: what is captured, timed or written in Triton belongs to this one."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def captured(run: Run) -> Run:
    """What a run does on a side stream, as a CUDA graph: each call replays it into the same tensor."""
    stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):  # what is compiled, planned or tuned at first must not be within the capture
            run()
        stream.synchronize()
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            out = run()
    torch.cuda.current_stream().wait_stream(stream)

    def replay() -> Tensor:
        graph.replay()
        return out

    return replay


def cuda_milliseconds(runs: Sequence[Run]) -> list[float]:
    """By the GPU's own clock, in turns, so that a clock that changes changes all of them."""

    def once(run: Run) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(REPEATS):
            run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / REPEATS

    return _medians(runs, once)


def cpu_milliseconds(runs: Sequence[Run]) -> list[float]:
    """By the clock on the wall, in turns."""

    def once(run: Run) -> float:
        began = time.perf_counter()
        run()
        return 1000 * (time.perf_counter() - began)

    return _medians(runs, once)


def _medians(runs: Sequence[Run], once: Callable[[Run], float]) -> list[float]:
    times = [[once(run) for run in runs] for _ in range(ROUNDS + 1)][1:]  # the first round warms up
    return [statistics.median(each) for each in zip(*times, strict=True)]
