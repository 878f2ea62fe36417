"""Parts from files in any of the known layouts: bit for bit what was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.vace_core.small import ARCHITECTURE, transformer
from vace_core.autoencoder.statistics import MEAN, STD
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.autoencoder.wan import WanAutoencoder
from vace_core.checkpoints import autoencoder as autoencoder_names
from vace_core.checkpoints.loading import load_autoencoder, load_text_encoder, load_transformer
from vace_core.checkpoints.text import TIED, TRANSFORMERS
from vace_core.checkpoints.transformer import CONTEXT, DIFFUSERS
from vace_core.checkpoints.weights import Weights, open_weights
from vace_core.errors import CheckpointError
from vace_core.text.umt5_encoder import Umt5Encoder, Umt5Sizes

CPU = torch.device("cpu")
WITHOUT = replace(ARCHITECTURE, vace_layers=())
WIDTH = 16


def written(path: Path, weights: dict[str, Tensor]) -> Weights:
    save_file({key: value.contiguous() for key, value in weights.items()}, path)
    return open_weights(path)


def require_equal(model: nn.Module, weights: dict[str, Tensor]) -> None:
    own = model.state_dict()
    assert own.keys() == weights.keys()
    assert all(torch.equal(own[key], value) for key, value in weights.items())


def split(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    base = {key: value for key, value in weights.items() if not key.startswith(CONTEXT)}
    return base, {key: value for key, value in weights.items() if key.startswith(CONTEXT)}


@pytest.mark.parametrize("base_names", [None, DIFFUSERS], ids=["published", "diffusers"])
@pytest.mark.parametrize("vace_names", [None, DIFFUSERS], ids=["published", "diffusers"])
def test_a_base_and_a_module_are_one_transformer(tmp_path: Path, base_names: Any, vace_names: Any) -> None:
    whole = transformer().state_dict()
    base, vace = split(whole)
    base_file = written(tmp_path / "base.safetensors", base_names.to(base) if base_names else base)
    vace_file = written(tmp_path / "vace.safetensors", vace_names.to(vace) if vace_names else vace)
    require_equal(load_transformer(ARCHITECTURE, base_file, vace_file, CPU, torch.float32), whole)


@pytest.mark.parametrize("naming", [None, DIFFUSERS], ids=["published", "diffusers"])
def test_of_a_full_vace_checkpoint_the_context_blocks_are_taken(tmp_path: Path, naming: Any) -> None:
    ours, other = transformer(seed=0).state_dict(), transformer(seed=1).state_dict()
    base = written(tmp_path / "base.safetensors", split(ours)[0])
    full = written(tmp_path / "full.safetensors", naming.to(other) if naming else other)
    expected = split(ours)[0] | split(other)[1]
    require_equal(load_transformer(ARCHITECTURE, base, full, CPU, torch.float32), expected)
    require_equal(load_transformer(ARCHITECTURE, full, None, CPU, torch.float32), other)
    require_equal(load_transformer(WITHOUT, base, None, CPU, torch.float32), split(ours)[0])


def test_a_file_of_another_kind_is_told_by_what_it_is(tmp_path: Path) -> None:
    base, vace = split(transformer().state_dict())
    base_file, vace_file = written(tmp_path / "base.safetensors", base), written(tmp_path / "vace.safetensors", vace)
    lora = written(tmp_path / "lora.safetensors", {"blocks.0.self_attn.q.lora_A.weight": torch.zeros(2, 48)})
    tiny = written(tmp_path / "tiny.safetensors", TinyAutoencoder().state_dict())
    for first, second, words in (
        (vace_file, vace_file, r"vace.safetensors looks like a VACE module for Wan, expected a Wan transformer: "),
        (base_file, base_file, r"base.safetensors looks like a Wan transformer, expected a VACE module for Wan: "),
        (lora, vace_file, r"lora.safetensors looks like a LoRA, expected a Wan transformer"),
        (base_file, tiny, r"tiny.safetensors looks like a tiny autoencoder, expected a VACE module for Wan"),
    ):
        with pytest.raises(CheckpointError, match=words):
            load_transformer(ARCHITECTURE, first, second, CPU, torch.float32)
    with pytest.raises(CheckpointError, match=r"looks like a LoRA, expected Wan's video autoencoder:"):
        load_autoencoder(lora, "wan", CPU, torch.float32)
    with pytest.raises(
        CheckpointError, match="looks like a tiny autoencoder, expected a UMT5 text encoder of width 16"
    ):
        load_text_encoder(tiny, WIDTH, CPU, torch.float32)


def tiny() -> TinyAutoencoder:
    torch.manual_seed(0)
    return TinyAutoencoder().eval()


def latents() -> Tensor:
    return torch.randn((1, 16, 2, 2, 3), generator=torch.Generator().manual_seed(0))


def pixels() -> Tensor:
    return torch.rand((1, 3, 5, 16, 24), generator=torch.Generator().manual_seed(0)) * 2 - 1


@torch.no_grad()
def test_taew2_1_is_read_and_of_more_rows_to_grow_into_the_last_count(tmp_path: Path) -> None:
    source = tiny()
    weights = dict(source.state_dict())
    longer = {key: torch.cat((torch.randn_like(weights[key]), weights[key])) for key in ("decoder.7.conv.weight",)}
    loaded = load_autoencoder(written(tmp_path / "tae.safetensors", weights | longer), "taew2_1", CPU, torch.float32)
    require_equal(loaded, weights)
    assert torch.equal(loaded.encode(pixels())[0], source.encode(pixels())[0])
    shorter = written(tmp_path / "short.safetensors", weights | {"decoder.7.conv.weight": torch.zeros(3, 256, 1, 1)})
    with pytest.raises(CheckpointError, match=r"decoder.7.conv.weight \(3, 256, 1, 1\), expected \(256, 256, 1, 1\)"):
        load_autoencoder(shorter, "taew2_1", CPU, torch.float32)


@torch.no_grad()
def test_lighttae_is_the_same_network_in_the_space_before_normalising(tmp_path: Path) -> None:
    mean, std = (torch.tensor(values).view(1, -1, 1, 1, 1) for values in (MEAN, STD))
    source = tiny()
    light = load_autoencoder(written(tmp_path / "tae.safetensors", source.state_dict()), "lighttae", CPU, torch.float32)
    torch.testing.assert_close(light.encode(pixels())[0], (source.encode(pixels())[0] - mean) / std)
    torch.testing.assert_close(light.decode(latents())[0], source.decode(latents() * std + mean)[0])


@pytest.mark.parametrize("names", ["published", "diffusers"])
@torch.no_grad()
def test_lightvae_is_wans_at_a_quarter_of_its_width_with_the_same_statistics(tmp_path: Path, names: str) -> None:
    torch.manual_seed(0)
    source = WanAutoencoder(24).eval()
    weights = source.state_dict()
    renamed = autoencoder_names.DIFFUSERS.to(weights) if names == "diffusers" else weights
    file = written(tmp_path / "vae.safetensors", renamed)
    loaded = load_autoencoder(file, "lightvae", CPU, torch.float32)
    require_equal(loaded, weights)
    assert torch.equal(loaded.encode(pixels())[0], source.encode(pixels())[0])
    assert torch.equal(loaded.decode(latents())[0], source.decode(latents())[0])
    with pytest.raises(CheckpointError, match=r"quarter of its width.*expected Wan's video autoencoder: .*\(24,"):
        load_autoencoder(file, "wan", CPU, torch.float32)


@pytest.mark.parametrize("kind", ["taew2_1", "lighttae", "lightvae"])
@torch.no_grad()
def test_in_half_precision_an_autoencoder_still_takes_and_gives_float32(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(0)
    source = WanAutoencoder(24) if kind == "lightvae" else TinyAutoencoder()
    file = written(tmp_path / "vae.safetensors", source.state_dict())
    full, half = (load_autoencoder(file, kind, CPU, dtype) for dtype in (torch.float32, torch.bfloat16))
    for name, given in (("encode", pixels()), ("decode", latents())):
        (expected, _), (got, state) = (getattr(model, name)(given) for model in (full, half))
        assert got.dtype == torch.float32
        assert 0 < (got - expected).abs().mean() < 0.05 * expected.abs().mean()
        later = given[:, :, 1:] if name == "encode" else given
        assert getattr(half, name)(later, state)[0].isfinite().all()


def umt5() -> Umt5Encoder:
    torch.manual_seed(0)
    return Umt5Encoder(Umt5Sizes(vocabulary=40, width=WIDTH, head=8, inner=32, heads=3, layers=2)).eval()


def published(model: Umt5Encoder) -> dict[str, Tensor]:
    """In the names of Wan's own file."""
    table = {
        "token_embedding.weight": "shared.weight",
        "norm.weight": "encoder.final_layer_norm.weight",
    }
    for n in range(2):
        theirs = f"encoder.block.{n}.layer"
        table |= {f"blocks.{n}.attn.{kind}.weight": f"{theirs}.0.SelfAttention.{kind}.weight" for kind in "qkvo"}
        table |= {
            f"blocks.{n}.norm1.weight": f"{theirs}.0.layer_norm.weight",
            f"blocks.{n}.norm2.weight": f"{theirs}.1.layer_norm.weight",
            f"blocks.{n}.pos_embedding.embedding.weight": f"{theirs}.0.SelfAttention.relative_attention_bias.weight",
            f"blocks.{n}.ffn.gate.0.weight": f"{theirs}.1.DenseReluDense.wi_0.weight",
            f"blocks.{n}.ffn.fc1.weight": f"{theirs}.1.DenseReluDense.wi_1.weight",
            f"blocks.{n}.ffn.fc2.weight": f"{theirs}.1.DenseReluDense.wo.weight",
        }
    weights = model.state_dict()
    return {ours: weights[theirs] for ours, theirs in table.items()}


IDS = torch.tensor([[5, 9, 11, 38, 1]])


@torch.no_grad()
def test_the_text_encoder_is_read_in_its_own_names_and_in_transformers(tmp_path: Path) -> None:
    source = umt5()
    theirs = {key: value.clone() for key, value in source.state_dict().items()}
    untied = {key: value for key, value in theirs.items() if key != TIED}
    assert TRANSFORMERS.to(published(source)).keys() == untied.keys()
    for n, weights in enumerate((published(source), theirs, untied)):
        loaded = load_text_encoder(written(tmp_path / f"{n}.safetensors", weights), WIDTH, CPU, torch.float32)
        require_equal(loaded, theirs)
        assert torch.equal(loaded(IDS), source(IDS))


@pytest.mark.parametrize("table_too", [True, False])
@torch.no_grad()
def test_float8_stays_float8_in_memory_and_computes_as_if_it_were_wide(tmp_path: Path, table_too: bool) -> None:
    narrow = {
        key: value.to(torch.float8_e4m3fn if value.dim() > 1 else torch.bfloat16)
        for key, value in published(umt5()).items()
    }
    if not table_too:
        narrow["token_embedding.weight"] = narrow["token_embedding.weight"].to(torch.bfloat16)
    file = written(tmp_path / "fp8.safetensors", narrow)
    wide = load_text_encoder(file, WIDTH, CPU, torch.bfloat16, keep_float8=False)
    kept = load_text_encoder(file, WIDTH, CPU, torch.bfloat16)
    assert torch.equal(kept(IDS), wide(IDS))
    sizes = [sum(parameter.nbytes for parameter in model.parameters()) for model in (kept, wide)]
    assert sizes[0] < 0.65 * sizes[1] if table_too else sizes[0] < 0.75 * sizes[1]
    assert not any(parameter.dtype == torch.float32 for parameter in wide.parameters())


def test_a_text_encoder_of_another_width_or_kind_is_told(tmp_path: Path) -> None:
    file = written(tmp_path / "umt5.safetensors", published(umt5()))
    with pytest.raises(CheckpointError, match=r"looks like a UMT5 text encoder of width 16, expected .* of width 4096"):
        load_text_encoder(file, 4096, CPU, torch.float32)
    torn = published(umt5())
    del torn["blocks.1.ffn.fc2.weight"]
    with pytest.raises(CheckpointError, match=r"1 keys are missing \(first: \['encoder.block.1.*wo.weight'\]\)"):
        load_text_encoder(written(tmp_path / "torn.safetensors", torn), WIDTH, CPU, torch.float32)
