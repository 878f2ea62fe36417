"""One forward of the transformer through what a stream remembers."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..transformer import CausalWan, Context, Prompt, Time
from .layer_pass import WindowPass
from .staggered import StaggeredPass


def predict_flow(
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
    noisy, scales = latents.to(transformer.dtype), 0.0 if scale is None else scale
    flow = transformer(noisy, time, prompt, context, scales, memory=view.layers, turn=view.turn, hints=hints)
    return flow.float()
