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
    "LyCORIS (lycoris_blocks_0_self_attn_q.hada_w1_a, .lokr_w1)",
)

_NAMED = r"(\.(?!weight$|bias$)[^.]+)?"
"""PEFT's name of an adapter, such as "default"."""
ROLES = (
    (re.compile(rf"\.(lora_A{_NAMED}|lora_down)(\.weight)?$|[._]lora\.down\.weight$"), "down"),
    (re.compile(rf"\.(lora_B{_NAMED}|lora_up)(\.weight)?$|[._]lora\.up\.weight$"), "up"),
    (re.compile(r"\.lora_linear_layer\.down\.weight$"), "down"),
    (re.compile(r"\.lora_linear_layer\.up\.weight$"), "up"),
    (re.compile(rf"\.(lora_B{_NAMED}|lora_up)\.bias$|[._]lora\.up\.bias$"), "up bias"),
    (re.compile(r"\.alpha$"), "alpha"),
    (re.compile(r"\.(diff|w_norm)$"), "weight"),
    (re.compile(r"\.(diff_b|b_norm)$"), "bias"),
    (re.compile(r"\.diff_m$"), "modulation"),
    (re.compile(rf"\.(dora_scale|lora_magnitude_vector{_NAMED})(\.weight)?$"), "magnitude"),
    (re.compile(r"\.lora_mid(\.weight)?$"), "lora_mid"),
    *(
        (re.compile(rf"\.{name}{_NAMED}(\.weight)?$"), name)
        for name in ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2")
    ),
    *(
        (re.compile(rf"\.{name}{_NAMED}(\.weight)?$"), name)
        for name in ("lokr_w1_a", "lokr_w1_b", "lokr_w2_a", "lokr_w2_b", "lokr_w1", "lokr_w2", "lokr_t2")
    ),
)
"""Endings of keys. "weight", "bias" and "modulation" hold the whole change of that parameter, as lightx2v's distilled
LoRAs have them, and LyCORIS's of norms; "up bias" is a bias behind `up`."""

PREFIXES = re.compile(
    r"^((lora_unet|lora_transformer|lycoris|base_model|diffusion_model|transformer|unet|pipe_dit|generator|module"
    r"|model)_)+"
)
WRAPPERS = re.compile(r"(fsdp_wrapped_module|orig_mod|checkpoint_wrapped_module|processor)_")
"""What training on several GPUs, compiling and diffusers' old processors write into names, anywhere."""


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
        self._parameters: dict[str, str] = {}
        for key in keys:
            for spelled in (DIFFUSERS.name(key), key):
                self._parameters[_plain(spelled)] = key
                module = spelled.rpartition(".")[0]
                if module:
                    self._names[_plain(module)] = key.rpartition(".")[0]
                    if module.endswith(".to_out.0"):  # diffusers' old processors have no list of the output's layers
                        self._names[_plain(module.removesuffix(".0"))] = key.rpartition(".")[0]

    def find(self, spelled: str) -> str | None:
        """The module's name in `CausalWan`, or None if it has no such module."""
        return self._names.get(_plain(spelled))

    def find_parameter(self, spelled: str) -> tuple[str, str] | None:
        """(module, name) of a parameter that a file spells out, as "blocks.0.modulation"; None if there is none."""
        module, _, name = self._parameters.get(_plain(spelled), "").rpartition(".")
        return (module, name) if name else None


def _plain(spelled: str) -> str:
    """A spelling without what the styles differ in."""
    joined = re.sub(r"[._]+", "_", spelled).lstrip("_")
    return PREFIXES.sub("", WRAPPERS.sub("", joined))
