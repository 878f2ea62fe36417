"""A model with random weights, small enough to be loaded at once, for an engine with a worker process.

`ModelOptions.models` is a folder: `ranks` there holds the workers' process ids; while `full` is there, a worker is out
of memory in the middle of each forward, and where `damaged` is, it cannot load.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from backend.engine.model import EngineModel
from backend.engine.options import ModelOptions
from backend.engine.ranks.shared_stream import SharedStream
from backend.engine.ranks.worker import SentTexts, as_text_encoder
from backend.engine.ranks.workers import Workers
from tests.vace_core.parallel.shows import Show
from tests.vace_core.small import PIPELINE
from vace_core.config import PIPELINES
from vace_core.model import Model
from vace_core.parallel import ALONE

NAME = "tests.backend.engine.ranks.small_ranks"
DEVICES = ("cpu", "cpu")
SHOW = Show(replace(PIPELINES["longlive"], height=PIPELINE.height, width=PIPELINE.width), with_lora=True)


def load_rank(options: ModelOptions, device: str, texts: SentTexts | None = None) -> Model:
    """The same weights on every rank; a worker's meets the trouble that the folder holds."""
    model, encoder = SHOW.model(ALONE), as_text_encoder(texts)
    if encoder is None:
        return model
    (folder,) = options.models
    if (folder / "damaged").exists():
        raise RuntimeError("the file is damaged")
    model.transformer.blocks[2].register_forward_pre_hook(lambda *_: require_memory(folder))
    return replace(model, text=encoder)


def require_memory(folder: Path) -> None:
    """Raises OutOfMemoryError while there is none."""
    if (folder / "full").exists():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def start(folder: Path) -> tuple[Model, Workers]:
    """This process as rank 0, and a worker beside it."""
    options = ModelOptions(models=(folder,), devices=DEVICES)
    workers = Workers(f"{NAME}:load_rank", options, DEVICES)
    model = workers.join(lambda: load_rank(options, DEVICES[0]))
    (folder / "ranks.new").write_text(" ".join(map(str, workers.pids)))
    (folder / "ranks.new").replace(folder / "ranks")
    return model, workers


def load(options: ModelOptions) -> EngineModel:
    """What an engine runs on (`EngineStart.load`)."""
    (folder,) = options.models
    model, workers = start(folder)
    return EngineModel("cpu", partial(SharedStream, model, workers), annotators={}, close=workers.close)


if __name__ == "__main__":  # rank 0 with nothing to do, for a test that kills its worker
    start(Path(sys.argv[1]))
    time.sleep(600)
