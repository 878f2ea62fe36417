"""A loaded model: a pipeline's weights, shared by all its streams."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from .autoencoder import Autoencoder
from .checkpoints.options import LoadOptions
from .checkpoints.store import Store
from .config import Pipeline, pipeline_named
from .errors import CheckpointError
from .lora.live import LiveLoras
from .text import Embeddings, TextEncoder
from .transformer import CausalWan


@dataclass(frozen=True)
class Model:
    """Weights only: what a stream remembers is the stream's."""

    pipeline: Pipeline
    transformer: CausalWan
    autoencoder: Autoencoder
    text: TextEncoder
    device: torch.device
    dtype: torch.dtype
    """The transformer's number format; latents between the steps are float32."""
    loras: LiveLoras | None = None
    """The user's own, beside the transformer's weights; their strengths may change between chunks."""
    embeddings: Embeddings = field(init=False)
    """Of the prompts used lately, by `text`; all streams share them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "embeddings", Embeddings(self.text.encode))


def load(
    pipeline: str | Pipeline = "pocket",
    device: str = "cpu",
    store: Store | None = None,
    options: LoadOptions = LoadOptions(),  # noqa: B008  frozen
) -> Model:
    """Load a pipeline's weights onto a device ("cpu", "cuda", "cuda:1", "mps").

    pipeline: a preset's name, or a preset with another rule in its place. store: where published weights lie; the
    pocket model brings its own. Raises ValueError for an unknown pipeline or options that the
    device or pipeline cannot do, and CheckpointError where weights are missing or not the expected ones.
    """
    preset = pipeline_named(pipeline) if isinstance(pipeline, str) else pipeline
    if preset.name == "pocket":
        from .pocket import load as load_pocket

        return load_pocket(preset, torch.device(device), options)
    if store is None:
        raise CheckpointError(f"{preset.name} is loaded from published weights: say in which folders they are")
    from .checkpoints.published import load_published

    return load_published(preset, torch.device(device), store, options)
