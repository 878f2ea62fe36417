"""A published pipeline in small: the files of the catalogue, in their repositories' folders and containers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import UMT5Config, UMT5EncoderModel

from tests.vace_core.small import ARCHITECTURE, tiny_autoencoder, transformer
from tests.vace_core.text.pieces import PIECES, write_tokenizer
from vace_core.autoencoder.tiny import TinySizes
from vace_core.autoencoder.wan import WanAutoencoder
from vace_core.checkpoints.catalogue import files_of
from vace_core.checkpoints.store import Store
from vace_core.checkpoints.text import TIED, TRANSFORMERS, published_keys
from vace_core.checkpoints.transformer import CONTEXT
from vace_core.config import PIPELINES, Pipeline

RANK = 3


def small(name: str) -> Pipeline:
    """A published pipeline's rules at a small size."""
    known = PIPELINES.get(name, PIPELINES["longlive"])
    return replace(known, name=name, architecture=ARCHITECTURE, height=32, width=48)


@dataclass(frozen=True)
class Written:
    """What lies in the files. transformer: base and context blocks, without any LoRA; lora: changes by weight."""

    store: Store
    folder: Path
    transformer: dict[str, Tensor]
    lora: dict[str, Tensor]


def write(folder: Path, pipeline: str, autoencoder: str = "taew2_1") -> Written:
    """All files of a pipeline, in bfloat16 (its autoencoder in float32), with random numbers."""
    files = files_of(pipeline, autoencoder)
    paths = {role: folder / file.repository / file.path for role, file in files.items()}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    weights = {key: value.bfloat16() for key, value in transformer().state_dict().items()}
    base = {key: value for key, value in weights.items() if not key.startswith(CONTEXT)}
    if paths["base"].suffix == ".pt":
        torch.save({"generator": {f"model.{key}": value for key, value in base.items()}}, paths["base"])
    else:
        save_file(base, paths["base"])
    save_file({key: value for key, value in weights.items() if key.startswith(CONTEXT)}, paths["vace"])
    changes: dict[str, Tensor] = {}
    if "lora" in paths:
        adapters, changes = lora(base)
        torch.save({"generator_lora": adapters}, paths["lora"])
    torch.save(text_encoder(), paths["text"])
    write_tokenizer(paths["tokenizer"].parent)
    torch.manual_seed(2)
    width = {"wan": 96, "lightvae": 24}.get(autoencoder)
    model = WanAutoencoder(width) if width else tiny_autoencoder(sizes=TinySizes())
    torch.save(model.state_dict(), paths["autoencoder"])
    return Written(Store([folder]), folder, weights, changes)


def lora(base: dict[str, Tensor], seed: int = 0) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """In PEFT's names, on the linear layers of all blocks; and what each adds to its weight, in float32."""
    generator = torch.Generator().manual_seed(seed)
    adapters, changes = {}, {}
    for key, weight in base.items():
        if key.startswith("blocks.") and weight.dim() == 2:
            down = torch.randn((RANK, weight.shape[1]), generator=generator) / 8
            up = torch.randn((weight.shape[0], RANK), generator=generator) / 8
            stem = f"base_model.model.{key.removesuffix('.weight')}"
            adapters |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
            changes[key] = up @ down
    return adapters, changes


def text_encoder() -> dict[str, Tensor]:
    """In the names of Wan's own file, as wide as the small transformer takes it."""
    torch.manual_seed(1)
    config = UMT5Config(
        vocab_size=len(PIECES), d_model=ARCHITECTURE.text_dim, d_kv=8, d_ff=32, num_heads=2, num_layers=2
    )
    theirs = {key: value for key, value in UMT5EncoderModel(config).state_dict().items() if key != TIED}
    return {key: value.bfloat16() for key, value in TRANSFORMERS.back(theirs, published_keys(2)).items()}
