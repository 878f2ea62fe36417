"""The calls of the transformer that a chunk is made of, recorded where they can be (`passes`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from ..passes import Passes
from ..transformer import CausalWan, Context, Prompt, Time
from .layer_pass import PassTensors, WindowPass
from .staggered import StaggeredPass, StaggeredTensors


@dataclass(frozen=True)
class FlowInputs:
    """All tensors that a forward reads, beside weights and the memory. The largest, which change least, come first."""

    prompt: Prompt
    time: Time
    latents: Tensor
    scale: Tensor | None
    view: PassTensors | StaggeredTensors
    context: Context | None
    hints: Sequence[Tensor] | None


@dataclass(frozen=True)
class HintInputs:
    """All tensors that hints are made from."""

    prompt: Prompt
    time: Time
    latents: Tensor
    context: Context


def predict_flow(
    passes: Passes,
    transformer: CausalWan,
    latents: Tensor,
    time: Time,
    prompt: Prompt,
    view: WindowPass | StaggeredPass,
    context: Context | None = None,
    scale: Tensor | None = None,
    hints: Sequence[Tensor] | None = None,
) -> Tensor:
    """The flow [B, C, f, h, w] of noisy latents [B, C, f, h, w], both float32 whatever the weights are in.

    view: of the memory, which remembers these frames from here on. scale: of each context block's hint, float32 [L];
    None where there are no hints.
    """

    def run(given: FlowInputs) -> Tensor:
        over, scales = replace(view, tensors=given.view), 0.0 if given.scale is None else given.scale
        flow = transformer(
            given.latents,
            given.time,
            given.prompt,
            given.context,
            scales,
            memory=over.layers,
            turn=over.turn,
            hints=given.hints,
        )
        return flow.float()

    noisy = latents.to(transformer.dtype)
    inputs = FlowInputs(prompt, time, noisy, scale, view.tensors, context, hints)
    return passes(("flow", transformer, view.extent, view.addresses), run, inputs)


def make_hints(
    passes: Passes, transformer: CausalWan, latents: Tensor, time: Time, prompt: Prompt, context: Context
) -> list[Tensor]:
    """Hints for noisy latents [B, C, f, h, w] float32, that serve for more steps than one."""

    def run(given: HintInputs) -> list[Tensor]:
        tokens = transformer.patchify(given.latents)
        return transformer.hints(tokens, given.time, given.prompt, given.context, given.latents)

    inputs = HintInputs(prompt, time, latents.to(transformer.dtype), context)
    return passes(("hints", transformer), run, inputs)
