"""A loaded model: a pipeline's weights, shared by all its streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .autoencoder import Autoencoder
from .config import Pipeline, pipeline_named
from .text import TextEncoder
from .transformer import CausalWan

if TYPE_CHECKING:
    from .transformer.live_lora import LiveLoras


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
    """The user's LoRAs, whose strengths follow the show; None without any."""


def load(pipeline: str = "pocket", device: str = "cpu") -> Model:
    """Load a pipeline's weights onto a device ("cpu", "cuda", "cuda:1", "mps").

    Raises ValueError for an unknown pipeline and CheckpointError where weights are missing or not the expected ones.
    """
    preset = pipeline_named(pipeline)
    if preset.name != "pocket":
        from .checkpoints.errors import CheckpointError

        raise CheckpointError(f"{pipeline}: loading of published checkpoints is not here yet; use --pipeline pocket")
    from .pocket import load as load_pocket

    return load_pocket(preset, torch.device(device))
