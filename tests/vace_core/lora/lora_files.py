"""LoRA files of random numbers, in every key style that there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.vace_core.small import transformer
from vace_core.checkpoints.transformer import DIFFUSERS

Change = tuple[Tensor, Tensor, float]
"""down, up and alpha of one module."""


def _diffusers(module: str) -> str:
    return "transformer." + DIFFUSERS.name(f"{module}.weight").rpartition(".")[0]


STYLES: dict[str, tuple[Callable[[str], str], str, str]] = {
    "kohya": (lambda module: "lora_unet_" + module.replace(".", "_"), "lora_down", "lora_up"),
    "kohya with dots": (lambda module: f"lora_unet_{module}", "lora_down", "lora_up"),
    "diffusers": (_diffusers, "lora_A", "lora_B"),
    "old diffusers": (_diffusers, "lora.down", "lora.up"),
    "PEFT": (lambda module: f"base_model.model.{module}", "lora_A", "lora_B"),
    "PEFT, adapter named": (lambda module: f"base_model.model.{module}", "lora_A.default", "lora_B.default"),
    "ComfyUI": (lambda module: f"diffusion_model.{module}", "lora_down", "lora_up"),
    "ComfyUI, A and B": (lambda module: f"diffusion_model.{module}", "lora_A", "lora_B"),
    "published names": (lambda module: module, "lora_A", "lora_B"),
}
"""How each spells a module, and its two matrices."""


def changes(seed: int = 0, modules: Iterable[str] | None = None) -> dict[str, Change]:
    """Random changes to the small transformer, by default to all that can have one; every rank from 1 to 4."""
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, Change] = {}
    for n, (name, module) in enumerate(transformer().named_modules()):
        if isinstance(module, nn.Linear | nn.Conv3d) and (modules is None or name in modules):
            rank, weight = 1 + n % 4, module.weight
            down = torch.randn((rank, *weight.shape[1:]), generator=generator) / weight[0].numel() ** 0.5
            up = torch.randn((len(weight), rank), generator=generator) / rank**0.5
            made[name] = (down, up.reshape(*up.shape, *[1] * (down.dim() - 2)), (0.5, 3.0, 8.0)[n % 3])
    return made


def write(folder: Path, style: str, made: Mapping[str, Change], name: str = "style.safetensors") -> Path:
    """One file of these changes in one of STYLES."""
    spell, down_name, up_name = STYLES[style]
    weights: dict[str, Tensor] = {}
    for module, (down, up, alpha) in made.items():
        spelled = spell(module)
        weights[f"{spelled}.{down_name}.weight"] = down
        weights[f"{spelled}.{up_name}.weight"] = up
        if "diffusers" in style:  # has no alpha, so that it is the rank: the rest is in the numbers
            weights[f"{spelled}.{up_name}.weight"] = up * (alpha / len(down))
        elif "PEFT" not in style:
            weights[f"{spelled}.alpha"] = torch.tensor(alpha)
    if "PEFT" in style:
        alphas = {module: alpha for module, (_, _, alpha) in made.items()}
        settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 77, "alpha_pattern": alphas}
        (folder / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")
    save_file({key: value.contiguous() for key, value in weights.items()}, folder / name)
    return folder / name


def merged_by_hand(weight: Tensor, change: Change, strength: float = 1.0) -> Tensor:
    """What a weight should be with a change, in float64."""
    down, up, alpha = change
    product = up.flatten(1).double() @ down.flatten(1).double()
    return weight.double() + strength * alpha / len(down) * product.reshape(weight.shape)
