"""Wan's UMT5 encoder: published names and those of transformers' `UMT5EncoderModel`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from .transformer import require_same_keys

PUBLISHED_TO_TRANSFORMERS = (
    (r"^token_embedding\.", "shared."),
    (r"^norm\.", "encoder.final_layer_norm."),
    (r"^blocks\.(\d+)\.norm1\.", r"encoder.block.\1.layer.0.layer_norm."),
    (r"^blocks\.(\d+)\.attn\.([qkvo])\.", r"encoder.block.\1.layer.0.SelfAttention.\2."),
    (
        r"^blocks\.(\d+)\.pos_embedding\.embedding\.",
        r"encoder.block.\1.layer.0.SelfAttention.relative_attention_bias.",
    ),
    (r"^blocks\.(\d+)\.norm2\.", r"encoder.block.\1.layer.1.layer_norm."),
    (r"^blocks\.(\d+)\.ffn\.gate\.0\.", r"encoder.block.\1.layer.1.DenseReluDense.wi_0."),
    (r"^blocks\.(\d+)\.ffn\.fc1\.", r"encoder.block.\1.layer.1.DenseReluDense.wi_1."),
    (r"^blocks\.(\d+)\.ffn\.fc2\.", r"encoder.block.\1.layer.1.DenseReluDense.wo."),
)
TIED = "encoder.embed_tokens.weight"
"""transformers lists the token embedding under a second name."""


def to_transformers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Published keys to transformers' ones, the tied copy of the embedding included."""
    renamed = {_renamed(key): value for key, value in weights.items()}
    return renamed | {TIED: renamed["shared.weight"]}


def from_transformers(weights: Mapping[str, Tensor], published: Mapping[str, object]) -> dict[str, Tensor]:
    """The way back to the names in `published`. Raises CheckpointError naming missing and left-over keys."""
    names = {_renamed(key): key for key in published}
    untied = {key: value for key, value in weights.items() if key != TIED}
    require_same_keys("transformers' UMT5 weights", set(untied), set(names))
    return {names[key]: value for key, value in untied.items()}


def _renamed(key: str) -> str:
    for published, theirs in PUBLISHED_TO_TRANSFORMERS:
        key, found = re.subn(published, theirs, key)
        if found:
            break
    return key
