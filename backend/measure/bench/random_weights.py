"""A pipeline at its full size without its checkpoint: times do not depend on what the weights are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.config import pipeline_named
from vace_core.model import Model
from vace_core.text import TextEncoder
from vace_core.transformer import CausalWan


def random_model(name: str, on: str) -> Model:
    """name: the pipeline's; on: a device. The same weights each time."""
    pipeline, device = pipeline_named(name), torch.device(on)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    torch.manual_seed(0)
    with torch.device(device):
        transformer = CausalWan(pipeline.architecture).to(dtype).eval()
        autoencoder = TinyAutoencoder().eval()
    text = _Constant(pipeline.architecture.text_length, pipeline.architecture.text_dim, device)
    return Model(replace(pipeline, recache=False), transformer, autoencoder, cast(TextEncoder, text), device, dtype)


@dataclass(frozen=True)
class _Constant:
    """Stands where the text encoder does, which runs on a new prompt only and is none of a chunk's cost."""

    length: int
    dim: int
    device: torch.device

    def encode(self, prompt: str) -> torch.Tensor:
        return torch.ones((1, self.length, self.dim), device=self.device)
