"""How LoRA files spell the transformer's modules, and what each of their keys holds.

Trainers and programs differ in three things only: a prefix, dots or underscores, and published names or those of
diffusers. So one lookup serves all, mixtures of the styles included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..checkpoints.transformer import DIFFUSERS

STYLES = (
    "kohya (lora_unet_blocks_0_self_attn_q.lora_down.weight)",
    "diffusers (transformer.blocks.0.attn1.to_q.lora_A.weight)",
    "PEFT (base_model.model.blocks.0.self_attn.q.lora_A.weight)",
    "ComfyUI (diffusion_model.blocks.0.self_attn.q.lora_down.weight)",
)

ROLES = (
    (re.compile(r"\.(lora_A(\.[^.]+)?|lora_down|lora\.down)\.weight$"), "down"),
    (re.compile(r"\.(lora_B(\.[^.]+)?|lora_up|lora\.up)\.weight$"), "up"),
    (re.compile(r"\.alpha$"), "alpha"),
    (re.compile(r"\.diff$"), "weight"),
    (re.compile(r"\.diff_b$"), "bias"),
    (re.compile(r"\.diff_m$"), "modulation"),
)
"""Endings of keys. The last three hold the whole change of that parameter, as lightx2v's distilled LoRAs have them."""

PREFIXES = re.compile(
    r"^((lora_unet|lora_transformer|lycoris|base_model|diffusion_model|transformer|pipe_dit|generator|model)_)+"
)
WRAPPER = "fsdp_wrapped_module_"
"""What training on several GPUs writes into names, anywhere."""


def split(key: str) -> tuple[str, str] | None:
    """A file's key -> (module as the file spells it, role); None for what is no part of a LoRA."""
    for ending, role in ROLES:
        found = ending.search(key)
        if found:
            return key[: found.start()], role
    return None


class Modules:
    """The transformer's modules, found by any spelling."""

    def __init__(self, keys: Iterable[str]) -> None:
        """keys: those of the transformer's state dict."""
        self._names: dict[str, str] = {}
        for key in keys:
            for spelled in (DIFFUSERS.name(key), key):
                module = spelled.rpartition(".")[0]
                if module:
                    self._names[_plain(module)] = key.rpartition(".")[0]

    def find(self, spelled: str) -> str | None:
        """The module's name in `CausalWan`, or None if it has no such module."""
        return self._names.get(_plain(spelled))


def _plain(spelled: str) -> str:
    """A spelling without what the styles differ in."""
    joined = re.sub(r"[._]+", "_", spelled).lstrip("_")
    return PREFIXES.sub("", joined.replace(WRAPPER, ""))
