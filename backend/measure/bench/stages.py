"""Rows of where a chunk's time goes, and of how late its pictures are."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vace_core.annotators.depth import Depth
from vace_core.autoencoder import Autoencoder
from vace_core.config import PIPELINES, Pipeline
from vace_core.constants import FRAMES_PER_LATENT
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Chunk, Stream

from .controls import PROMPT, controls_of
from .timing import warm_state

STAGES = ("annotate", "encode", "context", "denoise", "decode", "clean pass")
BEFORE_DECODING = STAGES[:-2]
"""The clean pass follows when the frames are handed out."""
COMPARED = ("causal-forcing", "causal-forcing-framewise")
"""Two pipelines of one size whose chunks have three latent frames, and one."""


class Stopwatch:
    """Seconds of each stage; where stages lie in one another, the inner one's are not the outer one's."""

    def __init__(self, wait: Callable[[], object], now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._wait, self._now = wait, now
        self._running: list[str] = []
        self._since = 0.0

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """What is done within is of that stage; wait() must return when the device has done it."""
        self._switch()
        self._running.append(stage)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    def _switch(self) -> None:
        """Credit the stage that ran until now."""
        self._wait()
        now = self._now()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now


class MeasuredAutoencoder:
    """An autoencoder whose halves are stages."""

    def __init__(self, autoencoder: Autoencoder, watch: Stopwatch) -> None:
        self._autoencoder, self._watch = autoencoder, watch
        self.latent_channels = autoencoder.latent_channels
        self.encoder_memory = autoencoder.encoder_memory

    def encode(self, pixels: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        with self._watch.measure("encode"):
            return self._autoencoder.encode(pixels, state)

    def decode(self, latents: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        with self._watch.measure("decode"):
            return self._autoencoder.decode(latents, state)


class MeasuredStream(Stream):
    """A stream whose parts are stages. The device is waited for between them, so that nothing overlaps."""

    def __init__(self, model: Model, height: int, width: int, watch: Stopwatch) -> None:
        super().__init__(replace(model, autoencoder=MeasuredAutoencoder(model.autoencoder, watch)), height, width)
        self._watch = watch

    def step(self, controls: Controls) -> Chunk | None:
        with self._watch.measure("denoise"):
            return super().step(controls)

    def settle(self) -> None:
        with self._watch.measure("clean pass"):
            super().settle()

    def _encode(self, controls: Controls, with_context: bool) -> Any:
        with self._watch.measure("context"):
            return super()._encode(controls, with_context)


def stage_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """A chunk under depth control, by the model's own rule and by those of a chunkwise and a framewise pipeline."""
    yield _stage_row(model, height, width, chunks, model.pipeline.name)
    architecture = model.pipeline.architecture
    for name in COMPARED:
        rule = replace(PIPELINES[name], architecture=architecture)
        yield _stage_row(replace(model, pipeline=rule), height, width, chunks, f"the rule of {name}")


def _stage_row(model: Model, height: int, width: int, chunks: int, name: str) -> dict[str, Any]:
    watch = Stopwatch(torch.cuda.synchronize if model.device.type == "cuda" else lambda: None)
    stream, depth, found = MeasuredStream(model, height, width, watch), Depth(device=model.device), []
    stream.restore(warm_state(model, height, width))
    for n in range(1 + chunks):
        frames = controls_of("depth control", stream, n).control
        assert frames is not None
        watch.seconds.clear()
        with watch.measure("annotate"):
            control = depth(frames)
        stream.step(Controls(PROMPT, control=control))
        stream.settle()
        found.append(dict(watch.seconds))
    medians = {stage: 1000 * statistics.median(each[stage] for each in found[1:]) for stage in STAGES}
    return {
        "name": f"stages of a chunk, {name}",
        **{f"{stage.replace(' ', '_')}_ms": round(value, 2) for stage, value in medians.items()},
        **latency(
            model.pipeline,
            sum(medians[stage] for stage in BEFORE_DECODING),
            medians["decode"],
            model.pipeline.chunk if model.device.type == "cpu" else 1,
        ),
    }


def latency(pipeline: Pipeline, before_ms: float, decode_ms: float, pieces: int) -> dict[str, Any]:
    """How late the pictures of a settled chunk are whose frames come in at the pipeline's rate.

    before_ms: what is done before decoding. pieces: in how many equal ones the chunk is decoded and handed out: one for
    each latent frame on a processor, one on a graphics card (`autoencoder.pieces.in_pieces`). first_frame_ms: from the
    moment the chunk's last frame is in until there is a first picture. frames_ms: for each frame from when it came in
    until its picture is there. even_ms: the same for every frame when they are shown at that rate, which is as long as
    the one that waits longest.
    """
    count = FRAMES_PER_LATENT * pipeline.chunk
    made = [before_ms + decode_ms * (1 + n * pieces // count) / pieces for n in range(count)]
    late = [1000 * (count - 1 - n) / pipeline.fps + there for n, there in enumerate(made)]
    return {
        "latent_frames": pipeline.chunk,
        "first_frame_ms": round(made[0], 1),
        "frames_ms": [round(each, 1) for each in late],
        "even_ms": round(max(late), 1),
    }
