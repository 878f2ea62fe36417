"""What a file is, told from keys and shapes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import UMT5Config, UMT5EncoderModel

from tests.vace_core.checkpoints import hollow
from tests.vace_core.small import ARCHITECTURE
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.autoencoder.wan import WanAutoencoder
from vace_core.checkpoints import autoencoder, transformer
from vace_core.checkpoints.layouts import Layout, recognise
from vace_core.checkpoints.text import LLAMA_CPP, TRANSFORMERS
from vace_core.checkpoints.weights import open_weights
from vace_core.config import WAN_1_3B, WAN_14B, Architecture
from vace_core.transformer import CausalWan


def shapes(model: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def wan(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return shapes(CausalWan(architecture))


def look(folder: Path, keys: hollow.Shapes) -> Layout | None:
    torch.save(hollow.tensors(keys), folder / "model.pt")
    return recognise(open_weights(folder / "model.pt"))


@pytest.mark.parametrize("architecture", [WAN_1_3B, WAN_14B], ids=["1.3B", "14B"])
@pytest.mark.parametrize("naming", [None, transformer.DIFFUSERS], ids=["published", "diffusers"])
def test_published_sizes_are_told_from_keys_and_shapes(tmp_path: Path, architecture: Architecture, naming) -> None:
    whole = wan(architecture)
    size = "1.3B" if architecture is WAN_1_3B else "14B"
    base = {key: shape for key, shape in whole.items() if not key.startswith("vace_")}
    module = {key: shape for key, shape in whole.items() if key.startswith("vace_")}
    without = replace(architecture, vace_layers=())
    for keys, expected, words in (
        (base, without, f"a Wan {size} transformer"),
        (module, architecture, f"a VACE module for Wan {size}"),
        (whole, architecture, f"a Wan {size} transformer with VACE"),
    ):
        found = look(tmp_path, naming.to(keys) if naming else keys)
        assert found is not None
        assert found.architecture == expected
        assert found.naming is naming
        assert str(found) == words + (" in the names of diffusers' transformer" if naming else "")


def test_other_sizes_are_a_wan_transformer_of_no_known_size(tmp_path: Path) -> None:
    layers = WAN_1_3B.layers
    for other in (ARCHITECTURE, replace(WAN_1_3B, layers=layers - 2, vace_layers=()), replace(WAN_1_3B, ffn_dim=4096)):
        found = look(tmp_path, wan(other))
        assert found is not None
        assert (found.architecture, str(found)) == (None, "a Wan transformer")


def test_every_other_kind_of_file_is_told(tmp_path: Path) -> None:
    text = UMT5EncoderModel(UMT5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=2))
    published = [
        "token_embedding.weight",
        *(f"blocks.0.{name}.weight" for name in ("norm1", "attn.q", "ffn.gate.0", "pos_embedding.embedding")),
    ]
    wide, light = (shapes(WanAutoencoder(dim)) for dim in (96, 24))
    lora = {"base_model.model.blocks.0.self_attn.q.lora_A.weight": (8, 16)}
    for keys, naming, words in (
        (shapes(text), TRANSFORMERS, "a UMT5 text encoder in the names of transformers' UMT5"),
        (dict.fromkeys(published, (4, 4)), None, "a UMT5 text encoder"),
        (LLAMA_CPP.to(dict.fromkeys(published, (4, 4))), LLAMA_CPP, "a UMT5 text encoder in the names of llama.cpp"),
        (wide, None, "Wan's video autoencoder"),
        (autoencoder.DIFFUSERS.to(wide), autoencoder.DIFFUSERS, "Wan's video autoencoder in the names of"),
        (light, None, "Wan's video autoencoder at a quarter of its width"),
        (shapes(TinyAutoencoder()), None, "a tiny autoencoder"),
        (lora, None, "a LoRA"),
        ({"lora_unet_blocks_0_self_attn_q.lora_down.weight": (8, 16)}, None, "a LoRA"),
        ({"img_emb.proj.0.bias": (8,), **wan(WAN_1_3B)}, None, "a Wan image-to-video transformer"),
    ):
        found = look(tmp_path, keys)
        assert found is not None
        assert found.naming is naming
        assert str(found).startswith(words)


def test_what_is_nothing_known_is_not_guessed(tmp_path: Path) -> None:
    assert look(tmp_path, {"layer.weight": (3, 3), "encoder.weight": (3,)}) is None
