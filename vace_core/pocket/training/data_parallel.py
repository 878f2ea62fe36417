"""Training in several processes of one thread each: steadier than threads on a machine that others use too."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class DataParallel:
    """This process among its equals."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def average_gradients(self, model: nn.Module) -> None:
        """Make every process's gradients the mean of all; a parameter without one counts as zero."""
        if self.size == 1:
            return
        parameters = [p for p in model.parameters() if p.requires_grad]
        flat = torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in parameters])
        distributed.all_reduce(flat)
        for p, part in zip(parameters, flat.div_(self.size).split([p.numel() for p in parameters])):
            p.grad = part.view_as(p).clone()

    @torch.no_grad()
    def average_weights(self, model: nn.Module) -> None:
        """Make every process's weights the mean of all: for small models, now and then, in place of gradients."""
        if self.size == 1:
            return
        flat = torch.cat([p.flatten() for p in model.parameters()])
        distributed.all_reduce(flat)
        for p, part in zip(model.parameters(), flat.div_(self.size).split([p.numel() for p in model.parameters()])):
            p.copy_(part.view(p.shape))

    def agree(self, value: float) -> float:
        """The first process's value, in all."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(shared, 0)
        return float(shared)


def run_data_parallel(job: Callable[..., None], size: int, *arguments: Any) -> None:
    """Call job(together, *arguments) in `size` processes that can average gradients; job must be importable."""
    if size == 1:
        job(DataParallel(), *arguments)
        return
    with TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(_enter, (size, str(Path(folder) / "meeting"), job, arguments), size)  # type: ignore[attr-defined]


def _enter(rank: int, size: int, meeting: str, job: Callable[..., None], arguments: tuple) -> None:
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
    try:
        job(DataParallel(rank, size), *arguments)
    finally:
        distributed.destroy_process_group()
