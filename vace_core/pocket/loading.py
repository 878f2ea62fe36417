"""The bundled weights: three safetensors files beside this module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ..checkpoints.errors import CheckpointError
from ..config import Pipeline
from ..transformer import CausalWan
from .autoencoder_training import SIZES
from .text_encoder import new_text_encoder

if TYPE_CHECKING:
    from ..model import Model

M = TypeVar("M", bound=nn.Module)
WEIGHTS = Path(__file__).parent / "weights"
PARTS = ("transformer", "text", "autoencoder", "depth")


def load(pipeline: Pipeline, device: torch.device, folder: Path = WEIGHTS) -> Model:
    """The pocket model, in float32. CheckpointError where a file is missing or is not this architecture's."""
    from ..autoencoder.tiny import TinyAutoencoder
    from ..model import Model

    transformer = fill(CausalWan(pipeline.architecture), "transformer", folder)
    text = new_text_encoder(pipeline.architecture.text_dim)
    fill(text.encoder, "text", folder)
    autoencoder = fill(TinyAutoencoder(SIZES), "autoencoder", folder)
    for module in (transformer, text, autoencoder):
        module.to(device).eval().requires_grad_(False)
    return Model(pipeline, transformer, autoencoder, text, device, torch.float32)


def fill(module: M, part: str, folder: Path = WEIGHTS) -> M:
    """Load one part's weights into its module, as float32."""
    path = folder / f"{part}.safetensors"
    if not path.exists():
        raise CheckpointError(
            f"the pocket model's {part} is missing: no {path}; restore it from the repository or run "
            "python -m vace_core.pocket.train"
        )
    weights = {name: value.float() for name, value in load_file(path).items()}
    own = module.state_dict()
    wrong = sorted(set(own) ^ set(weights)) or sorted(n for n in own if own[n].shape != weights[n].shape)
    if wrong:
        raise CheckpointError(f"{path} is not the pocket model's {part}: {len(wrong)} keys differ, such as {wrong[0]}")
    module.load_state_dict(weights)
    return module


def store(module: nn.Module, part: str, folder: Path = WEIGHTS) -> None:
    """Write one part's weights, matrices in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: (p.half() if p.ndim >= 2 else p.float()).contiguous() for name, p in module.state_dict().items()}
    save_file(weights, folder / f"{part}.safetensors")
