"""The stock VACE transformer on whole videos: context scales, and a reference frame in front of video and context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from .small import TOLERANCE, timestep, transformer


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    model = transformer(tensors, info["config"])
    time = model.embed_time(timestep(tensors["in.t"]))
    prompt = model.embed_prompt(tensors["in.context"][None])
    video, context = tensors["in.x"][None], model.embed_context(tensors["in.vace_context"][None])
    for scale in (1.0, 0.5, 0.0):
        ours = model(video, time, prompt, context, scale)[0]
        yield f"scale {scale}", ours, tensors[f"out.scale_{scale}"], TOLERANCE
    video, context = tensors["in.ref.x"][None], model.embed_context(tensors["in.ref.vace_context"][None])
    hints = model.hints(model.patchify(video), time, prompt, context, video)
    for n, hint in enumerate(hints):
        yield f"reference, hint {n}", hint, tensors[f"out.ref.hint{n}"], TOLERANCE
    yield "reference, scale 1.0", model(video, time, prompt, context)[0], tensors["out.ref.scale_1.0"], TOLERANCE
