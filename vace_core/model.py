"""A loaded model: a pipeline's weights, shared by all its streams."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from .autoencoder import Autoencoder
from .compilation import Compiler
from .config import Pipeline
from .lora.live import LiveLoras
from .text import Embeddings, TextEncoder
from .transformer import CausalWan


@dataclass(frozen=True)
class Model:
    """Weights only: what a stream remembers is the stream's, and so are the strengths of its live LoRAs."""

    pipeline: Pipeline
    transformer: CausalWan
    autoencoder: Autoencoder
    text: TextEncoder
    device: torch.device
    dtype: torch.dtype
    """The transformer's number format; latents between the steps are float32."""
    loras: LiveLoras | None = None
    """The user's own, beside the transformer's weights."""
    attention: str = "auto"
    """Which attention kernel its streams ask for (`checkpoints.options.LoadOptions.attention`)."""
    compiler: Compiler | None = None
    """What compiles it (`warm_up`); None: it runs as it is written."""
    embeddings: Embeddings = field(init=False)
    """Of the prompts used lately, by `text`, which no LoRA changes; all streams share them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "embeddings", Embeddings(self.text.encode))
