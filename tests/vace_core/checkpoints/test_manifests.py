"""Every published checkpoint, by its keys and shapes: recognised, converted, strict-loaded, and converted back.

The numbers are holes in a file, and go into modules without memory: 14 billion parameters take up nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.vace_core.checkpoints import hollow
from vace_core.checkpoints import autoencoder as autoencoder_names
from vace_core.checkpoints.layouts import recognise
from vace_core.checkpoints.loading import load_autoencoder, load_text_encoder, load_transformer
from vace_core.checkpoints.text import TIED, TRANSFORMERS
from vace_core.checkpoints.transformer import DIFFUSERS
from vace_core.checkpoints.weights import open_weights
from vace_core.config import WAN_1_3B, WAN_14B, Architecture
from vace_core.lora.changes import Adapter
from vace_core.lora.files import read_lora
from vace_core.lora.merging import merge
from vace_core.transformer import CausalWan

ROOT = Path(__file__).parents[3]
MANIFESTS = Path(os.environ.get("VACE_REFERENCE", ROOT.parent / "shared" / "reference")) / "manifests"
pytestmark = pytest.mark.skipif(
    not MANIFESTS.is_dir(), reason="the manifests are not on this machine; set VACE_REFERENCE to the folder above them"
)
META = torch.device("meta")
Shapes = dict[str, tuple[int, ...]]
SIZES = {"1.3b": WAN_1_3B, "14b": WAN_14B}


def manifest(name: str) -> dict[str, Any]:
    return json.loads((MANIFESTS / f"{name}.json").read_text(encoding="utf-8"))


def shapes(name: str) -> Shapes:
    return {key: tuple(shape) for key, shape in manifest(name)["keys"].items()}


def shapes_of(model: nn.Module) -> Shapes:
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def base(size: str) -> Shapes:
    return shapes(f"wan2.1-t2v-{size}")


def context(size: str) -> Shapes:
    """What a VACE module file holds."""
    keys, groups = shapes(f"vace-{size}"), manifest(f"vace-{size}")["groups"]
    return {key: keys[key] for key in (*groups["vace_blocks"], *groups["vace_patch_embedding"])}


def architecture(size: str, vace: bool) -> Architecture:
    return SIZES[size] if vace else replace(SIZES[size], vace_layers=())


def test_every_manifest_has_a_test_here() -> None:
    tested = {f"wan2.1-t2v-{size}" for size in SIZES} | {f"vace-{size}" for size in SIZES}
    tested |= {"umt5-xxl-encoder", "wan2.1-vae", "taew2_1", "longlive-lora", "causal-generators"}
    assert {path.stem for path in MANIFESTS.glob("*.json")} == tested


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("naming", [None, DIFFUSERS], ids=["published", "diffusers"])
def test_a_base_and_a_vace_module_load_at_full_size(tmp_path: Path, size: str, naming: Any) -> None:
    files = []
    for name, keys in (("base", base(size)), ("vace", context(size))):
        files.append(hollow.safetensors(tmp_path / f"{name}.safetensors", naming.to(keys) if naming else keys))
    opened = [open_weights(file) for file in files]
    seen = [recognise(weights) for weights in opened]
    assert [layout and layout.architecture for layout in seen] == [architecture(size, False), architecture(size, True)]
    assert all(layout and layout.naming is naming for layout in seen)
    model = load_transformer(architecture(size, True), opened[0], opened[1], META, torch.bfloat16)
    own = shapes_of(model)
    assert own == base(size) | context(size)
    if naming:
        back = naming.to({key: own[key] for key in base(size)})
        assert back == {key: stored.shape for key, stored in opened[0].tensors.items()}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("naming", [None, DIFFUSERS], ids=["published", "diffusers"])
def test_a_full_vace_checkpoint_loads_alone_and_beside_a_base(tmp_path: Path, size: str, naming: Any) -> None:
    keys = shapes(f"vace-{size}")
    full = open_weights(hollow.safetensors(tmp_path / "full.safetensors", naming.to(keys) if naming else keys))
    layout = recognise(full)
    assert layout is not None
    assert layout.architecture == SIZES[size]
    assert str(layout).startswith(f"a Wan {size.upper()} transformer with VACE")
    assert shapes_of(load_transformer(SIZES[size], full, None, META, torch.bfloat16)) == keys
    other = open_weights(hollow.safetensors(tmp_path / "base.safetensors", base(size)))
    assert shapes_of(load_transformer(SIZES[size], other, full, META, torch.bfloat16)) == keys


def test_a_checkpoint_in_shards_loads_from_its_index(tmp_path: Path) -> None:
    keys = list(base("14b").items())
    weight_map = {}
    for n in range(6):
        name = f"diffusion_pytorch_model-0000{n + 1}-of-00006.safetensors"
        part = dict(keys[n::6])
        hollow.safetensors(tmp_path / name, part, torch.float32)
        weight_map |= dict.fromkeys(part, name)
    index = tmp_path / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    model = load_transformer(architecture("14b", False), open_weights(index), None, META, torch.bfloat16)
    assert shapes_of(model) == base("14b")


CONTAINERS: Mapping[str, tuple[str, str, str]] = {
    "longlive, generator": ("generator", "model.", "1.3b"),
    "longlive, averaged": ("generator_ema", "model._fsdp_wrapped_module.", "1.3b"),
    "longlive, model": ("model", "model.", "1.3b"),
    "memflow": ("generator", "model.", "1.3b"),
    "reward forcing": ("", "model.", "1.3b"),
    "streamdiffusion v2": ("generator", "", "1.3b"),
    "streamdiffusion v2, state dict": ("state_dict", "model.", "1.3b"),
    "self forcing": ("generator_ema", "model.", "1.3b"),
    "causal forcing": ("generator", "model.", "1.3b"),
    "causal forcing, framewise": ("generator_ema", "model._fsdp_wrapped_module.", "1.3b"),
    "streamdiffusion v2 14b": ("generator", "model.", "14b"),
    "krea realtime": ("", "", "14b"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_causal_generator_loads_from_its_container(tmp_path: Path, name: str) -> None:
    container, prefix, size = CONTAINERS[name]
    keys = base(size)
    for model in manifest("causal-generators")["models"].values():
        assert [model[name] for name in ("extra_keys", "missing_keys", "shape_differences")] == [{}, [], []]
    weights: dict[str, Any] = hollow.tensors(keys, prefix)
    if container:
        weights = {container: weights, "critic": hollow.tensors({"other": (2, 2)}), "step": 600}
    torch.save(weights, tmp_path / "model.pt")
    opened = open_weights(tmp_path / "model.pt")
    layout = recognise(opened)
    assert layout is not None
    assert layout.architecture == architecture(size, False)
    loaded = load_transformer(architecture(size, False), opened, None, META, torch.bfloat16)
    assert shapes_of(loaded) == keys


@pytest.mark.parametrize("size", SIZES)
def test_a_checkpoint_of_the_other_size_is_told_by_its_size(tmp_path: Path, size: str) -> None:
    other = next(name for name in SIZES if name != size)
    file = open_weights(hollow.safetensors(tmp_path / "model.safetensors", base(size)))
    words = f"looks like a Wan {size.upper()} transformer, expected a Wan {other.upper()} transformer: "
    with pytest.raises(ValueError, match=words):
        load_transformer(architecture(other, False), file, None, META, torch.bfloat16)


@pytest.mark.parametrize("names", ["published", "transformers"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn], ids=["bf16", "fp8"])
def test_the_text_encoder_loads_at_full_size(tmp_path: Path, names: str, dtype: torch.dtype) -> None:
    keys = shapes("umt5-xxl-encoder")
    renamed = TRANSFORMERS.to(keys)
    given = keys if names == "published" else renamed | {TIED: renamed["shared.weight"]}
    if dtype == torch.bfloat16 and names == "published":
        torch.save(hollow.tensors(given), tmp_path / "umt5.pth")
        opened = open_weights(tmp_path / "umt5.pth")
    else:
        opened = open_weights(hollow.safetensors(tmp_path / "umt5.safetensors", given, dtype))
    encoder = load_text_encoder(opened, 4096, META, torch.bfloat16)
    own = shapes_of(encoder)
    assert own == renamed | {TIED: renamed["shared.weight"]}
    assert TRANSFORMERS.back({key: own[key] for key in own if key != TIED}, keys) == keys
    config = manifest("umt5-xxl-encoder")["meta"]["config"]
    sizes = encoder.sizes
    assert (sizes.layers, sizes.heads, sizes.head) == (config["encoder_layers"], config["num_heads"], 64)
    assert (sizes.buckets, sizes.farthest) == (config["num_buckets"], 128)


@pytest.mark.parametrize("naming", [None, autoencoder_names.DIFFUSERS], ids=["published", "diffusers"])
def test_wans_autoencoder_loads(tmp_path: Path, naming: Any) -> None:
    keys = shapes("wan2.1-vae")
    torch.save(hollow.tensors(naming.to(keys) if naming else keys), tmp_path / "Wan2.1_VAE.pth")
    model = load_autoencoder(open_weights(tmp_path / "Wan2.1_VAE.pth"), "wan", META, torch.float32)
    own = shapes_of(model)
    assert own == keys
    if naming:
        assert naming.back(naming.to(own), own) == keys


@pytest.mark.parametrize("kind", ["taew2_1", "lighttae"])
def test_the_tiny_autoencoders_load(tmp_path: Path, kind: str) -> None:
    keys = shapes("taew2_1")
    torch.save(hollow.tensors(keys, dtype=torch.float16), tmp_path / "tae.pth")
    model = load_autoencoder(open_weights(tmp_path / "tae.pth"), kind, META, torch.float16)
    assert shapes_of(model) == keys


@pytest.mark.parametrize("packed", [True, False])
def test_the_built_in_lora_is_read_and_fits(tmp_path: Path, packed: bool) -> None:
    keys = shapes("longlive-lora")
    content = hollow.tensors(keys)
    torch.save({"generator_lora": content, "critic_lora": {}} if packed else content, tmp_path / "lora.pt")
    lora = read_lora(tmp_path / "lora.pt", WAN_1_3B)
    modules = {key.split(".lora_")[0].removeprefix("base_model.model.") for key in keys}
    assert lora.adapters.keys() == modules
    assert all(isinstance(one, Adapter) and (one.rank, one.scale) == (256, 1.0) for one in lora.adapters.values())
    with META:
        merge(CausalWan(WAN_1_3B), lora)
