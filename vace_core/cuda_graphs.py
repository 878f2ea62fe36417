"""CUDA graphs, as `passes` records and replays them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import torch

from .nested import leaves
from .passes import Graphs

T = TypeVar("T")


def graphs_for(device: torch.device, wanted: str) -> Callable[[torch.device], CudaGraphs] | None:
    """What makes the recorder of each stream on a device; None where nothing is to be recorded.

    wanted: one of `checkpoints.options.GRAPHS`. Raises ValueError where they are wanted and the device has none.
    """
    if wanted == "on" and device.type != "cuda":
        raise ValueError(f"graphs are on, but only NVIDIA GPUs have them, not {device.type}; choose auto or off")
    return CudaGraphs if wanted != "off" and device.type == "cuda" else None


def why_none(device: torch.device) -> str:
    """Why a model on this device was given nothing that records, in words that follow "as"."""
    return "--graphs off was asked for" if device.type == "cuda" else "only NVIDIA GPUs have them"


def recording_trouble(graphs: Graphs, device: torch.device) -> str:
    """What is wrong with what is recorded on a device, found by trying; "" for nothing."""
    given = torch.ones((64, 64), device=device)
    try:
        graphs.warm(lambda: given @ given)
        replay = graphs.record(lambda: given @ given)
        given.fill_(2.0)
        made = replay()
    except RuntimeError as reason:
        return f"a product could not be recorded ({str(reason).splitlines()[0]})"
    return "" if bool((made == 4 * len(given)).all()) else "a replay repeats what was computed when it was recorded"


class CudaGraphs:
    """Those of one stream on one GPU: they share a pool of memory, as only one of them runs at a time.

    Everything is recorded on a stream of its own, and other threads may use the GPU meanwhile.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._side = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    def warm(self, run: Callable[[], T]) -> T:
        now = torch.cuda.current_stream(self._device)
        self._side.wait_stream(now)
        with torch.cuda.stream(self._side):
            made = run()
        now.wait_stream(self._side)
        for one in leaves(made):
            if one is not None:
                one.record_stream(now)
        return made

    def record(self, run: Callable[[], T]) -> Callable[[], T]:
        graph = torch.cuda.CUDAGraph()
        self._side.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._side):
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            try:
                made = run()
            except BaseException:
                with suppress(RuntimeError):  # it says that the recording failed, and the first error says why
                    graph.capture_end()
                raise
            graph.capture_end()

        def replay() -> T:
            graph.replay()
            return made

        return replay
