"""What a weights file is, told from its keys and shapes alone: never from its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..config import WAN_1_3B, WAN_14B, Architecture
from . import autoencoder, text, transformer
from .lazy_tensor import LazyTensor
from .names import Renaming
from .weights import Weights

KNOWN = {"1.3B": WAN_1_3B, "14B": WAN_14B}
"""Published sizes."""


@dataclass(frozen=True)
class Layout:
    """What a file holds, in words; whose names its keys have (None: the published ones); known sizes."""

    part: str
    naming: Renaming | None
    architecture: Architecture | None = None

    def __str__(self) -> str:
        size = next((name for name, known in KNOWN.items() if _same_size(known, self.architecture)), None)
        words = self.part.format(f"Wan {size}" if size else "Wan")
        if self.part == TRANSFORMER and self.architecture is not None and self.architecture.vace_layers:
            words += " with VACE"
        return f"{words} in the names of {self.naming.layout}" if self.naming else words


TRANSFORMER = "a {} transformer"
VACE = "a VACE module for {}"
TEXT = "a UMT5 text encoder"
WAN_AUTOENCODER = "Wan's video autoencoder"
LIGHT_AUTOENCODER = "Wan's video autoencoder at a quarter of its width"
TINY_AUTOENCODER = "a tiny autoencoder"

SIGNS: tuple[tuple[str, str, Renaming | None], ...] = (
    (r".*(\.lora_|\.lora\.|\.diff_b$|\.lokr_|\.hada_)|lora_(unet|te)", "a LoRA", None),
    (r"img_emb\.|condition_embedder\.image_embedder\.", "a Wan image-to-video transformer", None),
    (r"blocks\.\d+\.self_attn\.", TRANSFORMER, None),
    (r"blocks\.\d+\.attn1\.", TRANSFORMER, transformer.DIFFUSERS),
    (r"vace_blocks\.\d+\.self_attn\.", VACE, None),
    (r"vace_blocks\.\d+\.attn1\.", VACE, transformer.DIFFUSERS),
    (r"blocks\.\d+\.ffn\.gate\.0\.", TEXT, None),
    (r"encoder\.block\.\d+\.layer\.0\.SelfAttention\.", TEXT, text.TRANSFORMERS),
    (r"enc\.blk\.\d+\.attn_rel_b\.", TEXT, text.LLAMA_CPP),
    (r"encoder\.downsamples\.|decoder\.upsamples\.", WAN_AUTOENCODER, None),
    (r"(encoder|decoder)\.(down|up|mid)_blocks?\..*\.gamma$", WAN_AUTOENCODER, autoencoder.DIFFUSERS),
    (r"(encoder|decoder)\.\d+\.conv\.\d\.(weight|bias)$", TINY_AUTOENCODER, None),
)
"""A key that only this kind of file has, the kind, and its names; the first that fits counts."""


def recognise(weights: Weights) -> Layout | None:
    """What a file is, or None if it is nothing that is known here. Whether it is complete, `fill` says."""
    for sign, part, naming in SIGNS:
        if any(re.match(sign, key) for key in weights.tensors):
            if part in (TRANSFORMER, VACE):
                return Layout(part, naming, architecture_of(weights.tensors, naming))
            if part == WAN_AUTOENCODER and autoencoder_width(weights.tensors) == autoencoder.LIGHT:
                part = LIGHT_AUTOENCODER
            return Layout(part, naming)
    return None


def in_names(weights: Weights, layout: Layout | None, own: Iterable[str]) -> Weights:
    """The same tensors under the names in `own`, which are published ones; keys that stand for none keep theirs."""
    if layout is None or layout.naming is None:
        return weights
    return replace(weights, tensors=layout.naming.back(weights.tensors, own))


def architecture_of(tensors: Mapping[str, LazyTensor], naming: Renaming | None = None) -> Architecture | None:
    """The published size that a transformer's, a VACE module's or a full VACE checkpoint's shapes have, else None."""
    main, context = (_count(tensors, prefix) for prefix in ("blocks.", "vace_blocks."))
    block = "blocks.0." if main else "vace_blocks.0."
    first = [block + name for name in ("self_attn.q.weight", "ffn.0.weight")]
    sizes = [stored.shape[:1] for key in first if (stored := tensors.get(naming.name(key) if naming else key))]
    for known in KNOWN.values():
        fits = sizes == [(known.dim,), (known.ffn_dim,)] and main in (0, known.layers)
        if fits and context in (0, len(known.vace_layers)):
            return known if context else replace(known, vace_layers=())
    return None


def autoencoder_width(tensors: Mapping[str, LazyTensor]) -> int:
    """Channels of the finest stage of Wan's autoencoder; 0 where the key that tells is missing."""
    first = tensors.get("encoder.conv1.bias") or tensors.get("encoder.conv_in.bias")
    return first.shape[0] if first and first.shape else 0


def _count(tensors: Iterable[str], prefix: str) -> int:
    return len({key.split(".", 2)[1] for key in tensors if key.startswith(prefix)})


def _same_size(known: Architecture, other: Architecture | None) -> bool:
    return other is not None and replace(other, vace_layers=()) == replace(known, vace_layers=())
