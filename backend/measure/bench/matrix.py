"""The rows of a machine with a GPU and nothing else: two pipelines at full size with random weights, in every mode, by
every attention kernel that is right there, as they are written and replayed from graphs. Nothing is compiled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from vace_core.cuda_graphs import graphs_for
from vace_core.model import Model
from vace_core.stream import Stream

from .engine import chunk_rows
from .limit import Rates
from .memory import weights_gb
from .models import random_model
from .quantisation import quantisation_rows
from .stages import stage_rows

PIPELINES = {"longlive": (368, 640), "krea-realtime": (320, 576)}
"""The one of 1.3B that the paper's Table 5 has, and the one of 14B that its Table 6 has, at their height and width."""


def matrix_rows(size: tuple[int, int] | None, device: torch.device, chunks: int) -> Iterator[dict[str, Any]]:
    """size: (height, width), None for those of `PIPELINES`. A row's name has the pipeline's and the kernel's in it."""
    for name, published in PIPELINES.items():
        for row in _pipeline_rows(random_model(name, device), size or published, chunks):
            yield row | {"name": f"{name}, {row['name']}"}


def _pipeline_rows(model: Model, size: tuple[int, int], chunks: int) -> Iterator[dict[str, Any]]:
    height, width = size
    rates = Rates.measured(model.device, model.dtype)
    yield rates.row(model.dtype) | {"weights_gb": weights_gb(model)}
    recorder = graphs_for(model.device, "auto")
    for kernel in right_kernels(model, height, width):
        for way, graphs in (("", None), ("graphs, ", recorder)) if recorder else (("", None),):
            measured = replace(model, attention=kernel, graphs=graphs)
            for row in chunk_rows(measured, height, width, chunks, rates):
                yield row | {"name": f"attention {kernel}, {way}{row['name']}"}
    yield from stage_rows(model, height, width, chunks)
    yield from quantisation_rows(model, height, width)


def right_kernels(model: Model, height: int, width: int) -> list[str]:
    """Names of the attention kernels that are right at this size, that which runs by itself first."""
    choice = Stream(model, height, width).attention
    right = [trial.backend for trial in choice.trials if not trial.refused and not trial.biased]
    return sorted(right or [choice.plain], key=lambda name: name != choice.plain)
