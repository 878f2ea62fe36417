"""The small models of the golden pairs, in our classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.config import Architecture
from vace_core.transformer import CausalWan

TOLERANCE = 1e-4


def architecture(config: Mapping[str, Any]) -> Architecture:
    """A pair's sizes, which have the published names."""
    return Architecture(
        dim=config["dim"],
        ffn_dim=config["ffn_dim"],
        heads=config["num_heads"],
        layers=config["num_layers"],
        vace_layers=tuple(config.get("vace_layers", ())),
        text_dim=config["text_dim"],
        text_length=config["text_len"],
        frequency_dim=config["freq_dim"],
    )


def transformer(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> CausalWan:
    """Our transformer with a pair's weights, which have the published names too."""
    model = CausalWan(architecture(config))
    weights = {key.removeprefix("weights."): value for key, value in tensors.items() if key.startswith("weights.")}
    model.load_state_dict(weights, strict=True)
    return model.eval()


def timestep(value: float | Tensor) -> Tensor:
    """One timestep for all frames, [1, 1]."""
    return torch.as_tensor(value).reshape(1, 1).to(torch.float64)
