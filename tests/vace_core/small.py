"""A transformer small enough for a test, with random weights everywhere, also where training starts from zero."""

from __future__ import annotations

import torch

from vace_core.config import Architecture, Pipeline
from vace_core.transformer import CausalWan

ARCHITECTURE = Architecture(
    dim=48, ffn_dim=64, heads=2, layers=4, vace_layers=(0, 2), text_dim=12, text_length=6, frequency_dim=16
)
PIPELINE = Pipeline("small", ARCHITECTURE, window=6, sink=0, positions="window", height=32, width=48)
LATENT = (4, 6)
"""Latent height and width: 2 x 3 tokens a frame."""
PER_FRAME = 6


def transformer(seed: int = 0, architecture: Architecture = ARCHITECTURE) -> CausalWan:
    model = CausalWan(architecture).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / max(parameter.shape[-1], 8) ** 0.5)
    return model


def latents(frames: int, seed: int, channels: int = 16) -> torch.Tensor:
    return torch.randn((1, channels, frames, *LATENT), generator=torch.Generator().manual_seed(seed))


def text(seed: int = 0) -> torch.Tensor:
    return torch.randn((1, 6, 12), generator=torch.Generator().manual_seed(seed))
