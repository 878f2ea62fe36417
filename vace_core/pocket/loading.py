"""The bundled weights: five safetensors files beside this module."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import save_file
from torch import nn

from ..autoencoder.tiny import TinyAutoencoder
from ..checkpoints import load_state
from ..checkpoints.layouts import recognise
from ..checkpoints.options import LoadOptions, Quantise
from ..checkpoints.weights import open_weights
from ..config import Pipeline
from ..errors import CheckpointError
from ..lora.files import read_lora
from ..lora.live import live_loras
from ..lora.merging import merge
from ..mixed_precision import has_bfloat16, multiply_in_bfloat16
from ..model import Model
from ..transformer import CausalWan
from ..transformer.quantised import quantise
from .sizes import AUTOENCODER
from .text_encoder import new_text_encoder

log = logging.getLogger(__name__)
M = TypeVar("M", bound=nn.Module)
WEIGHTS = Path(__file__).parent / "weights"
PARTS = ("transformer", "text", "autoencoder", "depth", "subject")
CPU = torch.device("cpu")
AUTOMATIC = ("attention", "graphs", "compile", "precision")
"""Options of its own that choose for themselves."""


def load_pocket(
    pipeline: Pipeline,
    device: torch.device,
    options: LoadOptions = LoadOptions(),  # noqa: B008  frozen
    folder: Path = WEIGHTS,
) -> Model:
    """The pocket model. CheckpointError where a file is missing or is not this architecture's.

    It is float32 throughout; on a processor, the blocks that are not quantised and the decoder's layers may multiply in
    bfloat16 (`LoadOptions.precision`). ValueError for that on another device, and for options of the published
    autoencoders and text encoders: this model has its own.
    """
    own = {"loras": (), "merged": (), "quantise": Quantise(), **dict.fromkeys(AUTOMATIC, "auto")}
    if replace(options, **own) != LoadOptions():
        raise ValueError(
            "the pocket model has an autoencoder and a text encoder of its own; leave out the options of others, or "
            "choose another pipeline"
        )

    in_bfloat16 = _in_bfloat16(options.precision, device)
    architecture = pipeline.architecture
    transformer = load_state.on_meta(lambda: CausalWan(architecture), torch.float32)
    text = load_state.on_meta(lambda: new_text_encoder(architecture.text_dim), torch.float32)
    autoencoder = load_state.on_meta(lambda: TinyAutoencoder(AUTOENCODER), torch.float32)
    fill(transformer, "transformer", device, folder)
    fill(text.encoder, "text", device, folder)
    fill(autoencoder, "autoencoder", device, folder)
    for path, strength in options.merged:
        merge(transformer, read_lora(path, architecture), strength)
    kinds = options.quantise
    for module, kind in (
        (transformer.blocks, kinds.main),
        (transformer.vace_blocks, kinds.context),
        (text.encoder, kinds.text),
    ):
        if kind != "none":
            quantise(module, kind)
    if in_bfloat16:
        multiply_in_bfloat16(transformer.blocks)
        multiply_in_bfloat16(transformer.vace_blocks)
        autoencoder.decoder.bfloat16()
    loras = live_loras(transformer, options.loras)
    return Model(pipeline, transformer, autoencoder, text, device, torch.float32, loras, options.attention)


def _in_bfloat16(precision: str, device: torch.device) -> bool:
    if precision == "auto":
        return device.type == "cpu" and has_bfloat16()
    if precision == "bfloat16" and device.type != "cpu":
        raise ValueError(
            f"precision 'bfloat16' of the pocket model is for a processor, and this is {device.type}, where it runs in "
            "float32; leave it at auto"
        )
    if precision == "bfloat16" and not has_bfloat16():
        log.warning("this processor does not multiply bfloat16 itself, so that it is slower than float32")
    return precision == "bfloat16"


def fill(module: M, part: str, device: torch.device = CPU, folder: Path = WEIGHTS) -> M:
    """Load one part's weights into its module."""
    path = folder / f"{part}.safetensors"
    if not path.exists():
        raise CheckpointError(
            f"the pocket model's {part} is missing: no {path}; restore it from the repository or run "
            "python -m vace_core.pocket.training.train"
        )
    weights = open_weights(path)
    keys = module.state_dict().keys()
    load_state.fill(module, [load_state.Part(weights, keys, f"the pocket model's {part}", recognise(weights))], device)
    return module


def store(module: nn.Module, part: str, folder: Path = WEIGHTS) -> None:
    """Write one part's weights, matrices in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: (p.half() if p.ndim >= 2 else p.float()).contiguous() for name, p in module.state_dict().items()}
    save_file(weights, folder / f"{part}.safetensors")
