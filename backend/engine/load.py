"""Loads vace_core's pipelines for the engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch

from vace_core.annotators.options import annotator_makers, detector_maker, segmenter_makers
from vace_core.checkpoints.store import Store
from vace_core.load import load as load_pipeline
from vace_core.model import Model
from vace_core.parallel.join import exchange_trouble
from vace_core.pocket.words import read
from vace_core.stream import Stream
from vace_core.warm_up import warm_up

from ..models.folders import keep_what_is_compiled, model_folders
from .model import EngineModel, LazyAnnotators, StreamLike
from .options import ModelOptions
from .ranks.shared_stream import SharedStream
from .ranks.worker import SentTexts, as_text_encoder
from .ranks.workers import Workers


def load(options: ModelOptions) -> EngineModel:
    """Load one of vace_core's pipelines. Raises ValueError, in one line, for a device that this machine has not."""
    keep_what_is_compiled()
    if not options.devices:
        model = load_rank(options, chosen_device(options.device))
        return replace(_engine_model(options, model, partial(Stream, model)), warm_up=warm_up)
    workers = Workers("backend.engine.load:load_rank", options, chosen_devices(options.devices))
    model = workers.join(lambda: load_rank(options, workers.devices[0]))
    return replace(_engine_model(options, model, partial(SharedStream, model, workers)), close=workers.close)


def _engine_model(options: ModelOptions, model: Model, open_stream: Callable[[int, int], StreamLike]) -> EngineModel:
    """The model with the annotators and segmenters that the options ask for, on its device."""
    store = Store(model_folders(options.models))
    annotators = dict(annotator_makers(options.annotators, store.folders, model.device))
    return EngineModel(
        device=str(model.device),
        open_stream=open_stream,
        annotators=LazyAnnotators(annotators),
        unread=_unread_by_pocket if model.pipeline.name == "pocket" else lambda prompt: (),
        loras=len(options.weights.loras),
        encode=lambda prompt: beside(model.device, lambda: model.embeddings.know(prompt)),
        segmenters=segmenter_makers(model.device),
        detector=detector_maker(options.annotators, store.folders, model.device),
        precision=str(model.precision).removeprefix("torch."),
    )


def load_rank(options: ModelOptions, device: str, texts: SentTexts | None = None) -> Model:
    """The pipeline's weights on a device, or what one of several has; it is not compiled for several.

    texts: what embeds prompts, in place of the pipeline's text encoder.
    """
    store = Store(model_folders(options.models))
    weights = replace(options.weights, compile="off") if options.devices else options.weights
    return load_pipeline(options.preset(), device, store, weights, as_text_encoder(texts))


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


def chosen_devices(names: Sequence[str]) -> tuple[str, ...]:
    """Those names, if any; ValueError for one that is not there, or where such devices cannot exchange."""
    if not names:
        return ()
    devices = tuple(chosen_device(name) for name in names)
    kind = devices[0].partition(":")[0]
    trouble = "they exchange on Linux and macOS alone" if sys.platform == "win32" else exchange_trouble(kind)
    if trouble:
        raise ValueError(f"several devices cannot make a stream together here: {trouble}; start with --device")
    return devices
