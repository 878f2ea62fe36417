"""Wan's UMT5 encoder: published names and those of transformers' `UMT5EncoderModel`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from .errors import CheckpointError
from .names import Renaming

ATTENTION = r"encoder.block.\1.layer.0."
FEED_FORWARD = r"encoder.block.\1.layer.1."
TRANSFORMERS = Renaming(
    "transformers' UMT5",
    (
        (r"^token_embedding\.", "shared."),
        (r"^norm\.", "encoder.final_layer_norm."),
        (r"^blocks\.(\d+)\.norm1\.", ATTENTION + "layer_norm."),
        (r"^blocks\.(\d+)\.attn\.([qkvo])\.", ATTENTION + r"SelfAttention.\2."),
        (r"^blocks\.(\d+)\.pos_embedding\.embedding\.", ATTENTION + "SelfAttention.relative_attention_bias."),
        (r"^blocks\.(\d+)\.norm2\.", FEED_FORWARD + "layer_norm."),
        (r"^blocks\.(\d+)\.ffn\.gate\.0\.", FEED_FORWARD + "DenseReluDense.wi_0."),
        (r"^blocks\.(\d+)\.ffn\.fc1\.", FEED_FORWARD + "DenseReluDense.wi_1."),
        (r"^blocks\.(\d+)\.ffn\.fc2\.", FEED_FORWARD + "DenseReluDense.wo."),
    ),
)
TIED = "encoder.embed_tokens.weight"
"""transformers lists the token embedding under a second name."""


def to_transformers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Published keys to transformers' ones, the tied copy of the embedding included. CheckpointError without one."""
    renamed = TRANSFORMERS.to(weights)
    if "shared.weight" not in renamed:
        raise CheckpointError(
            f"no token_embedding.weight among {len(weights)} keys (first: {sorted(weights)[:3]}); "
            "is it Wan's text encoder (models_t5_umt5-xxl-enc-bf16.pth)?"
        )
    return renamed | {TIED: renamed["shared.weight"]}


def from_transformers(weights: Mapping[str, Tensor], published: Iterable[str]) -> dict[str, Tensor]:
    """The way back to the names in `published`. Raises CheckpointError naming missing and left-over keys."""
    return TRANSFORMERS.back({key: value for key, value in weights.items() if key != TIED}, published)
