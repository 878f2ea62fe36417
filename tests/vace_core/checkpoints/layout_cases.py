"""Every layout of a file of weights that was tried: small files of each, and what happens to them.

`docs/reference/files.md` has these rows as a table; `test_layout_cases.py` tries each.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import UMT5Config, UMT5EncoderModel

from tests.vace_core.checkpoints.gguf_files import write_gguf
from tests.vace_core.small import tiny_autoencoder, transformer
from vace_core.autoencoder.tiny import TinySizes
from vace_core.autoencoder.wan import WanAutoencoder
from vace_core.checkpoints import autoencoder as autoencoder_names
from vace_core.checkpoints.text import LLAMA_CPP, TIED, TRANSFORMERS, published_keys
from vace_core.checkpoints.transformer import CONTEXT, DIFFUSERS

Weights = dict[str, Tensor]
WIDTH = 64
"""Of a text encoder's embedding."""
EIGHT = torch.float8_e4m3fn


@dataclass(frozen=True)
class Case:
    """part: what the file is of, which says how it is read. make: writes it, and says what weights come of it.

    happens: in words. told: a regular expression for what is said where it is refused; empty where it is loaded.
    """

    part: str
    layout: str
    make: Callable[[Path], tuple[Path, Weights]]
    happens: str = "loaded"
    told: str = ""


def whole() -> Weights:
    return dict(transformer().state_dict())


def base() -> Weights:
    return {key: value for key, value in whole().items() if not key.startswith(CONTEXT)}


def context() -> Weights:
    return {key: value for key, value in whole().items() if key.startswith(CONTEXT)}


def text() -> Weights:
    """In transformers' names, the embedding once."""
    torch.manual_seed(0)
    config = UMT5Config(vocab_size=64, d_model=WIDTH, d_kv=16, d_ff=96, num_heads=4, num_layers=2)
    return {key: value for key, value in UMT5EncoderModel(config).state_dict().items() if key != TIED}


def published_text() -> Weights:
    return TRANSFORMERS.back(text(), published_keys(2))


def vae() -> Weights:
    torch.manual_seed(0)
    return dict(WanAutoencoder(24).state_dict())


def tiny() -> Weights:
    return dict(tiny_autoencoder(sizes=TinySizes()).state_dict())


def plain(
    source: Callable[[], Weights],
    change: Callable[[Weights], Weights] = lambda given: given,
    beside: Weights | None = None,
):
    """A safetensors file of weights under changed names, with other tensors beside them."""

    def make(folder: Path) -> tuple[Path, Weights]:
        weights = source()
        content = {key: value.contiguous() for key, value in (change(weights) | (beside or {})).items()}
        save_file(content, folder / "model.safetensors")
        return folder / "model.safetensors", weights

    return make


def pickled(source: Callable[[], Weights], wrap: Callable[[Weights], Any]):
    """A torch file."""

    def make(folder: Path) -> tuple[Path, Weights]:
        weights = source()
        torch.save(wrap(weights), folder / "model.pt")
        return folder / "model.pt", weights

    return make


def prefixed(prefix: str) -> Callable[[Weights], Weights]:
    return lambda weights: {prefix + key: value for key, value in weights.items()}


def wrapped(wrapper: str) -> Callable[[Weights], Weights]:
    """A wrapper around each block, as it stands inside keys."""
    return lambda weights: {key.replace("blocks.", f"blocks.{wrapper}"): value for key, value in weights.items()}


def narrow(source: Callable[[], Weights]):
    """A plain cast of the matrices."""

    def make(folder: Path) -> tuple[Path, Weights]:
        cast = {key: value.to(EIGHT) if value.dim() == 2 else value for key, value in source().items()}
        save_file(cast, folder / "model.safetensors")
        return folder / "model.safetensors", {key: value.float() for key, value in cast.items()}

    return make


def scaled(source: Callable[[], Weights], suffix: str, rows: bool = False, **beside: Tensor):
    """Matrices in eight bits, each with a scale that its largest number is brought to the format's largest by."""

    def make(folder: Path) -> tuple[Path, Weights]:
        content: Weights = dict(beside)
        expected: Weights = {}
        for key, value in source().items():
            if value.dim() != 2 or "norm" in key or "bias" in key:
                content[key] = expected[key] = value.contiguous()
                continue
            scale = (value.abs().amax(1, keepdim=True) if rows else value.abs().amax()) / 448
            content[key] = (value / scale).to(EIGHT)
            module = key.removesuffix(".weight")
            content[f"{module}.{suffix}"] = scale
            expected[key] = content[key].float() * scale
            if suffix == "weight_scale":
                content[f"{module}.comfy_quant"] = as_bytes(json.dumps({"format": "float8_e4m3fn"}))
            else:
                content[f"{module}.scale_input"] = torch.ones(())
        save_file(content, folder / "model.safetensors")
        return folder / "model.safetensors", expected

    return make


def gguf(source: Callable[[], Weights], kind: str, change: Callable[[Weights], Weights] = lambda given: given):
    """kind: the format of the matrices whose rows are whole blocks of it; the rest is in float32 and float16."""

    def make(folder: Path) -> tuple[Path, Weights]:
        weights = source()
        changed = change(weights)
        read = write_gguf(folder / "model.gguf", changed, kind)
        return folder / "model.gguf", dict(zip(weights, (read[key] for key in changed), strict=True))

    return make


def as_bytes(content: str) -> Tensor:
    return torch.frombuffer(bytearray(content.encode()), dtype=torch.uint8)


def with_nan(weights: Weights) -> Weights:
    odd = weights["head.head.bias"].clone()
    odd[3] = float("nan")
    return weights | {"head.head.bias": odd}


def with_frequencies(weights: Weights) -> Weights:
    return weights | {"freqs": torch.polar(torch.ones(1024, 12), torch.zeros(1024, 12))}


MARK = torch.zeros(2).to(EIGHT)
STATISTICS = {"mean": torch.zeros(16), "std": torch.ones(16)}
SPIECE = as_bytes("not read with the weights")
IMAGE = {"blocks.0.cross_attn.k_img.weight": torch.zeros(48, 48), "img_emb.proj.0.weight": torch.zeros(8)}
FP4 = {"blocks.0.ffn.0.weight": torch.zeros(64, 24, dtype=torch.uint8), "blocks.0.ffn.0.weight_scale": torch.ones(())}
KEPT = "loaded; stays in 8 bits in memory, with its scales"

CASES = (
    Case("transformer", "published names", plain(base)),
    Case("transformer", "the names of diffusers", plain(base, DIFFUSERS.to)),
    Case("transformer", "`model.diffusion_model.` (ComfyUI)", plain(base, prefixed("model.diffusion_model."))),
    Case("transformer", "`diffusion_model.`", plain(base, prefixed("diffusion_model."))),
    Case("transformer", "`{'generator'}` and `model.`", pickled(base, lambda w: {"generator": prefixed("model.")(w)})),
    Case("transformer", "`{'module'}` (DeepSpeed)", pickled(base, lambda w: {"module": w, "step": 7})),
    Case("transformer", "`{'generator_ema'}` and `model._fsdp_wrapped_module.` (Causal-Forcing)", pickled(
        base, lambda w: {"generator_ema": prefixed("model._fsdp_wrapped_module.")(w), "critic": {}, "step": 7}
    )),
    Case("transformer", "`{'ema'}`", pickled(base, lambda w: {"ema": w, "step": 7})),
    Case("transformer", "`{'state_dict'}` and `generator.model.`", pickled(
        base, lambda w: {"state_dict": prefixed("generator.model.")(w)}
    )),
    Case("transformer", "`_orig_mod.` (compiled)", plain(base, prefixed("_orig_mod."))),
    Case("transformer", "`module.` and `_orig_mod.` (on several GPUs)", plain(base, prefixed("module._orig_mod."))),
    Case("transformer", "`_checkpoint_wrapped_module.` inside", plain(base, wrapped("_checkpoint_wrapped_module."))),
    Case("transformer", "`_fsdp_wrapped_module.` inside", plain(base, wrapped("_fsdp_wrapped_module."))),
    Case("transformer", "with the buffer `freqs`", pickled(base, with_frequencies), "loaded; the buffer is left alone"),
    Case("transformer", "fp8, a plain cast", narrow(base)),
    Case("transformer", "scaled fp8: `.scale_weight`, `scaled_fp8`", scaled(base, "scale_weight", scaled_fp8=MARK)),
    Case("transformer", "scaled fp8: `.weight_scale`, `.comfy_quant`", scaled(base, "weight_scale")),
    Case("transformer", "scaled fp8, a scale for each row", scaled(base, "weight_scale", rows=True)),
    Case("transformer", "GGUF, Q8_0", gguf(base, "Q8_0")),
    Case("transformer", "GGUF, BF16", gguf(base, "BF16")),
    Case("VACE module", "fp8, a plain cast (Kijai's)", narrow(context)),
    Case("VACE module", "scaled fp8 under `diffusion_model.`", scaled(
        lambda: prefixed("diffusion_model.")(context()), "scale_weight"
    )),
    Case("VACE module", "GGUF, Q5_0", gguf(context, "Q5_0")),
    Case("text encoder", "published names", pickled(published_text, lambda w: w)),
    Case("text encoder", "the names of transformers", plain(text)),
    Case("text encoder", "with `spiece_model` (ComfyUI's fp16)", plain(text, beside={"spiece_model": SPIECE}),
         "loaded; the tokenizer in it is used where there is no tokenizer.json"),
    Case("text encoder", "fp8, a plain cast", narrow(text), "loaded; stays in 8 bits in memory"),
    Case("text encoder", "scaled fp8 (ComfyUI's)", scaled(
        text, "scale_weight", scaled_fp8=MARK, spiece_model=SPIECE
    ), KEPT),
    Case("text encoder", "GGUF in the names of llama.cpp, Q8_0", gguf(
        text, "Q8_0", lambda w: LLAMA_CPP.to(TRANSFORMERS.back(w, published_keys(2)))
    )),
    Case("autoencoder", "published names (ComfyUI's `wan_2.1_vae`)", plain(vae)),
    Case("autoencoder", "the names of diffusers", plain(vae, autoencoder_names.DIFFUSERS.to)),
    Case("autoencoder", "`vae.`", plain(vae, prefixed("vae."))),
    Case("autoencoder", "`first_stage_model.`", plain(vae, prefixed("first_stage_model."))),
    Case("autoencoder", "`model.` with the buffers `mean` and `std`", plain(vae, prefixed("model."), STATISTICS),
         "loaded; the buffers are left alone"),
    Case("tiny autoencoder", "published names", plain(tiny)),
    Case("tiny autoencoder", "`taehv` under `vae.`", plain(tiny, prefixed("vae."))),
    Case("transformer", "with a trainer's `argparse.Namespace`", pickled(
        base, lambda w: {"generator": w, "args": argparse.Namespace(lr=1)}
    ), "refused, as it could be code", r"there is a argparse.Namespace in it, .*save its tensors alone"),
    Case("transformer", "with a NaN", plain(base, with_nan), "refused by its key", "head.head.bias holds NaN"),
    Case("transformer", "of an image-to-video model", plain(base, beside=IMAGE), "refused by what it is",
         "looks like a Wan image-to-video transformer"),
    Case("transformer", "in 4 bits (NVFP4)", plain(base, beside=FP4), "refused by its key",
         r"blocks.0.ffn.0.weight has a scale and is in torch.uint8"),
)  # fmt: skip
