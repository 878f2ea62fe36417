"""Wan's UMT5 encoder: published names and those of transformers' `UMT5EncoderModel`."""

from __future__ import annotations

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
"""transformers lists the token embedding, `shared.weight`, under a second name; files have it or not."""
