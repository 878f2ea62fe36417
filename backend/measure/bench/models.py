"""The model that is measured: a pipeline's own, or one of its full size with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

import torch

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.checkpoints.published import number_format
from vace_core.config import pipeline_named
from vace_core.model import Model
from vace_core.text import TextEncoder
from vace_core.transformer import CausalWan


def random_model(pipeline: str, device: torch.device) -> Model:
    """Times do not depend on what the weights are. In the number formats that published weights have on that device,
    in float32 on the CPU; without a text encoder."""
    rule, cuda = pipeline_named(pipeline), device.type == "cuda"
    dtype = number_format(device) if cuda else torch.float32
    torch.manual_seed(0)
    with device:
        with _made_in(dtype):
            transformer = CausalWan(rule.architecture).eval()
        with _made_in(torch.float16 if cuda else torch.float32):
            autoencoder = TinyAutoencoder().eval()
    text = _Constant(rule.architecture.text_length, rule.architecture.text_dim, device)
    return Model(replace(rule, recache=False), transformer, autoencoder, cast(TextEncoder, text), device, dtype)


@dataclass(frozen=True)
class _Constant:
    """Stands where the text encoder does, which runs on a new prompt only and is none of a chunk's cost."""

    length: int
    dim: int
    device: torch.device

    def encode(self, prompt: str) -> torch.Tensor:
        return torch.ones((1, self.length, self.dim), device=self.device)


@contextmanager
def _made_in(dtype: torch.dtype) -> Iterator[None]:
    """Weights are made in this number format, so that a large model never needs room for another copy in float32."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
