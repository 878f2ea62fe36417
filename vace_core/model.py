"""A loaded model: a pipeline's weights, shared by all its streams."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from .autoencoder import Autoencoder
from .compilation import Compiler
from .config import Pipeline
from .lora.live import LiveLoras
from .mixed_precision import Bfloat16Linear
from .parallel import Ranks
from .passes import Graphs
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
    """The transformer's number format, and its memory's; latents between the steps are float32."""
    loras: LiveLoras | None = None
    """The user's own, beside the transformer's weights."""
    attention: str = "auto"
    """Which attention kernel its streams ask for (`checkpoints.options.LoadOptions.attention`)."""
    graphs: Callable[[torch.device], Graphs] | None = None
    """What makes the recorder of a stream's network calls; None: they are not recorded."""
    compiler: Compiler | None = None
    """What compiles it (`warm_up`); None: it runs as it is written."""
    embeddings: Embeddings = field(init=False)
    """Of the prompts used lately, by `text`, which no LoRA changes; all streams share them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "embeddings", Embeddings(self.text.encode))

    @property
    def precision(self) -> torch.dtype:
        """What its blocks multiply in, where they are not quantised: bfloat16 in place of `dtype` where
        `mixed_precision` has them do so."""
        mixed = any(isinstance(layer, Bfloat16Linear) for layer in self.transformer.modules())
        return torch.bfloat16 if mixed else self.dtype

    def shared_among(self, ranks: Ranks) -> Model:
        """This model, with these very weights, as one of several ranks that make each stream together.

        Raises ValueError where they cannot share its heads of attention equally.
        """
        transformer = copy.copy(self.transformer)
        transformer.share_among(ranks)
        return replace(self, transformer=transformer, loras=None if self.loras is None else self.loras.on(transformer))
