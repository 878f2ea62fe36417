"""A whole model from published files: base and built-in LoRA, context blocks, text encoder, autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from ..config import Architecture, Pipeline
from ..lora.files import Lora, read_lora
from ..lora.live import live_loras
from ..lora.merging import merge
from ..model import Model
from ..text import TextEncoder
from ..text.tokenizer import Tokenizer, read_tokenizer
from ..transformer import CausalWan
from ..transformer.quantised import quantise
from .catalogue import files_of
from .load_state import unit
from .loading import load_autoencoder, load_text_encoder, load_transformer
from .options import LoadOptions
from .store import Store
from .weights import open_weights

CPU = torch.device("cpu")


def load_published(
    pipeline: Pipeline, device: torch.device, store: Store, options: LoadOptions, text: TextEncoder | None = None
) -> Model:
    """Load what `files_of` the pipeline names, as far as it lies in the store.

    text: in place of the pipeline's text encoder, which is not loaded then. Each part is freed of its file before the
    next is opened, so that loading takes little more memory than the model. Raises CheckpointError for what is missing,
    or is not what it should be, and ValueError where the device cannot do what the options ask for.
    """
    paths = store.require(files_of(pipeline.name, options.autoencoder, options.text))
    dtype = number_format(device)
    tokenizer = read_tokenizer(paths["tokenizer"])  # the small ones first, so that what is wrong is told soon
    autoencoder = load_autoencoder(
        open_weights(paths["autoencoder"]), options.autoencoder, device, _pixel_format(device, options.autoencoder)
    )
    transformer = _transformer(pipeline, paths, device, dtype, options)
    text = text or _text(pipeline.architecture, paths["text"], tokenizer, device, options)
    loras = live_loras(transformer, options.loras)
    return Model(pipeline, transformer, autoencoder, text, device, dtype, loras, options.attention)


def number_format(device: torch.device) -> torch.dtype:
    """The transformer's: bfloat16, as the models were trained, or float16 on a GPU that has no bfloat16."""
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.float16
    return torch.bfloat16


def _pixel_format(device: torch.device, autoencoder: str) -> torch.dtype:
    """The autoencoder's. The tiny ones are published in float16; Wan's is not, and bfloat16 has float32's range."""
    if device.type != "cuda":
        return torch.float32
    if autoencoder in ("taew2_1", "lighttae"):
        return torch.float16
    return torch.bfloat16 if number_format(device) == torch.bfloat16 else torch.float32


def _transformer(
    pipeline: Pipeline,
    paths: Mapping[str, Path],
    device: torch.device,
    dtype: torch.dtype,
    options: LoadOptions,
) -> CausalWan:
    """Each block gets the LoRAs that are merged and is quantised as soon as it is there, so that one at most is ever
    wide."""
    architecture = pipeline.architecture
    kinds = {"blocks": options.quantise.main, "vace_blocks": options.quantise.context}
    given = ([(paths["lora"], 1.0)] if "lora" in paths else []) + list(options.merged)
    loras = [(read_lora(path, architecture), strength) for path, strength in given]

    def finish(model: CausalWan, name: str) -> None:
        for lora, strength in loras:
            merge(model, _within(lora, name), strength)
        kind = kinds.get(name.partition(".")[0], "none")
        if kind != "none":
            quantise(model.get_submodule(name), kind)

    vace = open_weights(paths["vace"]) if architecture.vace_layers else None
    base = open_weights(paths["base"], pipeline.weights)
    return load_transformer(architecture, base, vace, device, dtype, finish)


def _within(lora: Lora, name: str) -> Lora:
    """What of a LoRA changes one unit."""
    adapters = {key: adapter for key, adapter in lora.adapters.items() if unit(f"{key}.weight") == name}
    return Lora(lora.name, adapters, {key: delta for key, delta in lora.deltas.items() if unit(key) == name})


def _text(
    architecture: Architecture, path: Path, tokenizer: Tokenizer, device: torch.device, options: LoadOptions
) -> TextEncoder:
    """In bfloat16 everywhere: float16 is too narrow for UMT5."""
    home = device if options.text_device == "same" else CPU
    kind = options.quantise.text
    encoder = load_text_encoder(
        open_weights(path), architecture.text_dim, home, torch.bfloat16, keep_float8=kind == "none"
    )
    if kind != "none":
        quantise(encoder, kind, home if options.text_device == "cpu" else device)
    offload = options.text_device == "offload" and device != home
    return TextEncoder(encoder, tokenizer, architecture.text_length, device, offload)
