"""CUDA graphs, as `passes` records and replays them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from .nested import leaves

T = TypeVar("T")


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
            finally:
                graph.capture_end()

        def replay() -> T:
            graph.replay()
            return made

        return replay
