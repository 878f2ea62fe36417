"""The whole bench: which rows are measured, on which model, on what machine."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import torch

from vace_core.load import load

from .annotators import annotator_rows
from .cadence import cadence_rows
from .changes import change_rows
from .devices import RankModel, device_rows
from .engine import chunk_rows, length_row
from .live import live_rows, quick_rows
from .masks import mask_rows
from .osc import osc_rows
from .policies import policy_rows
from .quantisation import quantisation_rows
from .random_weights import random_model
from .shortcuts import shortcut_rows

QUICK_SIZE = (64, 96)


@dataclass(frozen=True)
class BenchOptions:
    """size is (height, width), None for the pipeline's own; quick measures the same, smaller and for moments only.

    devices: several that make one stream together, of which alone there are rows then; empty = `device` alone.
    """

    pipeline: str = "pocket"
    random_weights: bool = False
    size: tuple[int, int] | None = None
    device: str = "cpu"
    quick: bool = False
    devices: tuple[str, ...] = ()


def measure(options: BenchOptions) -> Iterator[dict[str, Any]]:
    """The rows, one after the other as they are done."""
    if options.devices:
        size = options.size or (QUICK_SIZE if options.quick else None)
        wanted = RankModel(options.pipeline, options.random_weights)
        yield from device_rows(wanted, options.devices, size, chunks=2 if options.quick else 15)
        return
    name = options.pipeline
    model = random_model(name, options.device) if options.random_weights else load(name, options.device)
    height, width = options.size or (QUICK_SIZE if options.quick else (model.pipeline.height, model.pipeline.width))
    yield from chunk_rows(model, height, width, chunks=2 if options.quick else 15)
    yield from policy_rows(model, height, width, chunks=1 if options.quick else 10)
    yield from change_rows(model, height, width, chunks=2 if options.quick else 10)
    yield from shortcut_rows(model, height, width, chunks=1 if options.quick else 10)
    yield from mask_rows(height, width)
    yield from quantisation_rows(model, height, width)
    yield length_row(model, height, width, chunks=30 if options.quick else 1000)
    if not options.random_weights:
        del model
        yield from annotator_rows(height, width, rounds=1 if options.quick else 20)
        yield from quick_rows(options.pipeline, 9) if options.quick else live_rows(options.pipeline, 600)
        yield from cadence_rows(options.pipeline, seconds=2 if options.quick else 60)
        yield from osc_rows(options.pipeline, seconds=2 if options.quick else 60)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cpu": platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(),
        "gpu": gpu,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
