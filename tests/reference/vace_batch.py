"""The stock VACE transformer on whole videos: context scales, and a reference frame in front of video and context.

The reference runs once more as a stream's mode "joint" has it: beside a chunk that is the whole video.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.config import Pipeline
from vace_core.memory import ReferenceKV, WindowMemory
from vace_core.transformer import CausalWan, Prompt, Time

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
    for start, positions in ((0, "absolute"), (0, "window"), (9000, "absolute")):
        ours = _joint(model, tensors, time, prompt, start, positions)[0]
        yield f"joint, {positions} from {start}", ours, tensors["out.ref.scale_1.0"], TOLERANCE


def _joint(
    model: CausalWan, tensors: Mapping[str, Tensor], time: Time, prompt: Prompt, start: int, positions: str
) -> Tensor:
    """The flow of reference and video, through the memory of a stream that begins at latent frame `start`."""
    noisy, context = tensors["in.ref.x"][None], tensors["in.ref.vace_context"][None]
    frames = noisy.shape[2] - 1
    references = model.embed_references(context[:, :, :1])
    whole = model.embed_context(context[:, :, 1:]).behind(references)
    pipeline = Pipeline("batch", model.architecture, chunk=frames, window=frames, sink=0, positions=positions)
    memory = WindowMemory(model.architecture, noisy.shape[3], noisy.shape[4], pipeline)
    state = memory.init_state(1, "cpu", torch.float32)
    view = memory.begin(state, range(start, start + frames), references=ReferenceKV((1.0,)))
    return model(noisy, time, prompt, whole, memory=view.layers, turn=view.turn)
