"""The whole bench: which rows are measured, on which model, on what machine."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import torch

import vace_core
from backend.models.folders import model_folders
from vace_core.checkpoints.store import Store
from vace_core.load import load
from vace_core.model import Model

from .annotators import annotator_rows
from .cadence import cadence_rows
from .changes import change_rows
from .compiled import compiled_rows
from .devices import RankModel, device_rows
from .engine import chunk_rows, length_row
from .limit import Rates
from .live import live_rows
from .masks import mask_rows
from .matrix import matrix_rows
from .models import random_model
from .osc import osc_rows
from .policies import policy_rows
from .precision import in_float32, precision_rows
from .quantisation import quantisation_rows
from .shortcuts import shortcut_rows
from .stages import stage_rows

QUICK_SIZE = (48, 64)


@dataclass(frozen=True)
class BenchOptions:
    """size is (height, width), None for the pipeline's own; quick measures the same, smaller and for moments only.

    matrix: the rows of `matrix` in place of all others.
    devices: several that make one stream together, of which alone there are rows then; empty = `device` alone.
    """

    pipeline: str = "pocket"
    random_weights: bool = False
    size: tuple[int, int] | None = None
    device: str = "cpu"
    quick: bool = False
    matrix: bool = False
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effort:
    """How often each row measures: chunks of the modes, chunks of other rows, chunks of a long stream, rounds of layers
    and of annotators, seconds of the command `run` (0: it is left out), and of the rows of a show in this process;
    chunks of compiled blocks (0: they are left out, as compiling takes long)."""

    chunks: int = 15
    fewer_chunks: int = 5
    long_stream: int = 200
    layer_rounds: int = 7
    annotator_rounds: int = 20
    run_seconds: float = 60
    seconds: float = 25
    compiled_chunks: int = 15


QUICK = Effort(2, 1, 12, 1, 1, 0, 2, 0)


def measure(options: BenchOptions) -> Iterator[dict[str, Any]]:
    """The rows, one after the other as they are done."""
    effort = QUICK if options.quick else Effort()
    if options.matrix:
        yield from matrix_rows(options.size, torch.device(options.device), effort.chunks)
        return
    if options.devices:
        size = options.size or (QUICK_SIZE if options.quick else None)
        yield from device_rows(
            RankModel(options.pipeline, options.random_weights), options.devices, size, effort.chunks
        )
        return
    model = _model(options)
    height, width = options.size or (QUICK_SIZE if options.quick else (model.pipeline.height, model.pipeline.width))
    yield from model_rows(model, height, width, effort)
    if not options.random_weights:
        del model
        yield from annotator_rows(height, width, effort.annotator_rounds)
        if effort.run_seconds:
            yield from live_rows(options.pipeline, effort.run_seconds)
        yield from cadence_rows(options.pipeline, effort.seconds)
        yield from osc_rows(options.pipeline, effort.seconds)


def model_rows(model: Model, height: int, width: int, effort: Effort) -> Iterator[dict[str, Any]]:
    """Those that run in this process, on one model."""
    rates = Rates.measured(model.device, model.precision)
    yield rates.row(model.precision)
    yield from chunk_rows(model, height, width, effort.chunks, rates)
    yield from stage_rows(model, height, width, effort.fewer_chunks)
    yield from policy_rows(model, height, width, effort.fewer_chunks)
    yield from change_rows(model, height, width, effort.fewer_chunks)
    yield from shortcut_rows(model, height, width, effort.fewer_chunks)
    exact = in_float32(model)
    yield from precision_rows(model, exact, height, width, effort.chunks)
    if effort.compiled_chunks:
        yield from compiled_rows(model, height, width, effort.compiled_chunks)
    yield from mask_rows(height, width)
    yield from quantisation_rows(exact, height, width, effort.layer_rounds)
    yield length_row(model, height, width, effort.long_stream)


def machine() -> dict[str, Any]:
    """What it was measured on, and which version of the program."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cpu": platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(),
        "gpu": gpu,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "threads": torch.get_num_threads(),
        "version": vace_core.__version__,
    }


def described(options: BenchOptions) -> dict[str, Any]:
    """The options as JSON has them."""
    return asdict(options) | {"size": None if options.size is None else list(options.size)}


def _model(options: BenchOptions) -> Model:
    if options.random_weights:
        return random_model(options.pipeline, torch.device(options.device))
    return load(options.pipeline, options.device, Store(model_folders(())))
