"""A transformer small enough for a test, with random weights everywhere, also where training starts from zero."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import torch

from vace_core.autoencoder.tiny import TinyAutoencoder, TinySizes
from vace_core.checkpoints.lazy_tensor import LazyTensor
from vace_core.config import Architecture, Pipeline
from vace_core.controls import Controls
from vace_core.lora.changes import Adapter
from vace_core.lora.files import Lora
from vace_core.model import Model
from vace_core.stream import Chunk, Stream
from vace_core.text import TextEncoder
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


TINY = TinySizes(encoder=8, decoder=(8, 8, 8), blocks=1)


def tiny_autoencoder(seed: int = 0, sizes: TinySizes = TINY) -> TinyAutoencoder:
    """Random weights that carry what goes in to what comes out, around mid grey."""
    autoencoder = TinyAutoencoder(sizes).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in autoencoder.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 1e9
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * (2 / fan_in) ** 0.5)
        last = list(autoencoder.decoder.children())[-1]
        assert isinstance(last, torch.nn.Conv2d)
        assert last.bias is not None
        last.weight.mul_(0.1)
        last.bias.fill_(0.5)
    return autoencoder


class SmallText:
    """A text encoder without a language: every prompt has its own numbers."""

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, prompt: str) -> torch.Tensor:
        self.calls += 1
        return text(seed=sum(map(ord, prompt)))


def model(base: Pipeline = PIPELINE, **pipeline: Any) -> Model:
    """A whole model with random weights; keyword arguments replace parts of the pipeline."""
    return Model(
        replace(base, architecture=ARCHITECTURE, **pipeline),
        transformer(),
        tiny_autoencoder(),
        cast(TextEncoder, SmallText()),
        torch.device("cpu"),
        torch.float32,
    )


def step(stream: Stream, controls: Controls) -> Chunk:
    """The next chunk of a stream that is no stream batch, and so always has one."""
    chunk = stream.step(controls)
    assert chunk is not None
    return chunk


def lora() -> Lora:
    """Rank 2 on a main and a context block."""
    generator = torch.Generator().manual_seed(5)
    modules = ("blocks.1.self_attn.v", "vace_blocks.0.ffn.0", "blocks.2.cross_attn.k")
    a = ARCHITECTURE
    sizes = {modules[0]: (a.dim, a.dim), modules[1]: (a.dim, a.ffn_dim), modules[2]: (a.dim, a.dim)}
    adapters = {}
    for name, (inward, outward) in sizes.items():
        down = torch.randn(2, inward, generator=generator)
        up = torch.randn(outward, 2, generator=generator) / 8
        adapters[name] = Adapter(LazyTensor.of(down), LazyTensor.of(up), 1.0)
    return Lora("test", adapters, {})
