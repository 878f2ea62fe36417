"""Whole streams by the published code: control, masks, video-to-video and prompt switches, from noise to pixels.

A case runs through `vace_core.Stream` as a show does, with the pair's transformer, tiny autoencoder and embedded
prompts. The noise is the same because both draw it chunk by chunk from the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.conditioning import ContextState, encode_context
from vace_core.config import PIPELINES, Pipeline
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.passes import Graphs
from vace_core.stream import Stream
from vace_core.text import TextEncoder

from .small import transformer

TOLERANCE = 2e-4


class Texts:
    """The pair's prompts, embedded already: `vace_core.text.TextEncoder`."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors

    def encode(self, prompt: str) -> Tensor:
        return self._tensors[f"in.prompt.{prompt}"]


def cases(
    tensors: Mapping[str, Tensor], info: Mapping[str, Any], graphs: Callable[[torch.device], Graphs] | None = None
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    """graphs: what makes the recorder of a stream's network calls (`vace_core.passes`); None: nothing is recorded."""
    network = transformer(tensors, info["config"])
    autoencoder = TinyAutoencoder().eval()
    weights = {key: value for key, value in tensors.items() if key.startswith("autoencoder.")}
    # The matrices are stored in 8 bits; the published numbers were computed after this same, exact, widening.
    autoencoder.load_state_dict({key.removeprefix("autoencoder."): value.float() for key, value in weights.items()})
    for name, case in info["cases"].items():
        pipeline = replace(PIPELINES[case["pipeline"]], architecture=network.architecture)
        model = Model(
            _as_published(pipeline),
            network,
            autoencoder,
            cast(TextEncoder, Texts(tensors)),
            torch.device("cpu"),
            torch.float32,
            graphs=graphs,
        )
        yield from _case(tensors, info["config"], model, name, case)


def _as_published(pipeline: Pipeline) -> Pipeline:
    """MemFlow's published loop banks the frame recorded last again in every chunk; ours does not by default."""
    return pipeline if pipeline.bank is None else replace(pipeline, bank=replace(pipeline.bank, recommit=True))


def _case(
    tensors: Mapping[str, Tensor], sizes: Mapping[str, Any], model: Model, name: str, case: Mapping[str, Any]
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    stream, context = Stream(model, sizes["height"], sizes["width"]), ContextState()
    for n, chunk in enumerate(case["chunks"]):
        control, source, mask, video = (
            tensors.get(f"in.{name}.chunk{n}.{key}") for key in ("control", "source", "mask", "video")
        )
        first = tensors[f"in.{name}.chunk{n}.noise0"]
        drawn = torch.randn(first.shape, generator=torch.Generator().manual_seed(case["seed"] + n))
        yield f"{name}, chunk {n}, first noise", drawn, first, 0.0
        controls = Controls(
            chunk["prompt"],
            control=control,
            source=source,
            mask=mask,
            scale=case["scale"],
            seed=case["seed"],
            video=video,
            noise=1.0 if case["noise"] is None else case["noise"],
        )
        if f"out.{name}.chunk{n}.context" in tensors:
            gray = torch.zeros((1, 3, stream.frames_wanted, stream.height, stream.width))
            ours, context = encode_context(model.autoencoder, control, source, mask, context, gray)
            yield f"{name}, chunk {n}, context", ours[0], tensors[f"out.{name}.chunk{n}.context"], TOLERANCE
        made = stream.step(controls)
        stream.settle()
        assert made is not None
        for kind, ours in (("clean", made.latents), ("pixels", made.frames)):
            expected = tensors.get(f"out.{name}.chunk{n}.{kind}")
            if expected is not None and ours is not None:
                yield f"{name}, chunk {n}, {kind}", ours, expected, TOLERANCE
