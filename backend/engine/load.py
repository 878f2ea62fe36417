"""Loads vace_core's pipelines for the engine."""

from __future__ import annotations

from collections.abc import Callable

import torch

from vace_core.annotators.options import annotator_makers, detector_maker, segmenter_makers
from vace_core.checkpoints.store import Store
from vace_core.load import load as load_pipeline
from vace_core.pocket.words import read
from vace_core.stream import Stream
from vace_core.transformer.attention_check import attention_words
from vace_core.warm_up import warm_up

from ..models.folders import keep_what_is_compiled, model_folders
from .model import EngineModel, LazyAnnotators
from .options import ModelOptions


def load(options: ModelOptions) -> EngineModel:
    """Load one of vace_core's pipelines. Raises ValueError, in one line, for a device that this machine has not."""
    keep_what_is_compiled()
    store = Store(model_folders(options.models))
    model = load_pipeline(options.preset(), chosen_device(options.device), store, options.weights)
    annotators = dict(annotator_makers(options.annotators, store.folders, model.device))
    return EngineModel(
        device=str(model.device),
        open_stream=lambda height, width: Stream(model, height, width),
        annotators=LazyAnnotators(annotators),
        unread=_unread_by_pocket if model.pipeline.name == "pocket" else lambda prompt: (),
        loras=len(options.weights.loras),
        encode=lambda prompt: beside(model.device, lambda: model.embeddings.know(prompt)),
        segmenters=segmenter_makers(model.device),
        detector=detector_maker(options.annotators, store.folders, model.device),
        attention=lambda: attention_words(model.device),
        warm_up=warm_up,
    )


def beside(device: torch.device, work: Callable[[], object]) -> object:
    """Do work on a device without getting into the way of what is queued there; it is finished when this returns."""
    if device.type != "cuda":
        return work()
    stream = torch.cuda.Stream(device)
    with torch.cuda.stream(stream):
        done = work()
    stream.synchronize()
    return done


def _unread_by_pocket(prompt: str) -> tuple[str, ...]:
    return read(prompt).unknown


def chosen_device(name: str) -> str:
    """The device that `name` means, "auto" being the best there is; ValueError if it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    kind, _, index = name.partition(":")
    if not there.get(kind) or (index and (not index.isdecimal() or int(index) >= torch.cuda.device_count())):
        usable = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise ValueError(f"there is no device {name!r} on this machine; use --device auto, or one of {usable}")
    return name
