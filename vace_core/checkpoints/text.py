"""Wan's UMT5 encoder: published names, those of transformers' `UMT5EncoderModel`, and llama.cpp's."""

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
SPIECE = "spiece_model"
"""Under this key ComfyUI's files carry the tokenizer: a SentencePiece model, as bytes."""

LLAMA_CPP = Renaming(
    "llama.cpp",
    (
        (r"^token_embedding\.", "token_embd."),
        (r"^norm\.", "enc.output_norm."),
        (r"^blocks\.(\d+)\.norm1\.", r"enc.blk.\1.attn_norm."),
        (r"^blocks\.(\d+)\.attn\.([qkvo])\.", r"enc.blk.\1.attn_\2."),
        (r"^blocks\.(\d+)\.pos_embedding\.embedding\.", r"enc.blk.\1.attn_rel_b."),
        (r"^blocks\.(\d+)\.norm2\.", r"enc.blk.\1.ffn_norm."),
        (r"^blocks\.(\d+)\.ffn\.gate\.0\.", r"enc.blk.\1.ffn_gate."),
        (r"^blocks\.(\d+)\.ffn\.fc1\.", r"enc.blk.\1.ffn_up."),
        (r"^blocks\.(\d+)\.ffn\.fc2\.", r"enc.blk.\1.ffn_down."),
    ),
)
"""The names of a T5 encoder in GGUF files."""


def published_keys(layers: int) -> list[str]:
    """The published keys of an encoder of so many blocks."""
    keys = ["token_embedding.weight", "norm.weight"]
    for n in range(layers):
        keys += [f"blocks.{n}.attn.{kind}.weight" for kind in "qkvo"]
        keys += [f"blocks.{n}.{name}.weight" for name in ("norm1", "norm2", "ffn.gate.0", "ffn.fc1", "ffn.fc2")]
        keys.append(f"blocks.{n}.pos_embedding.embedding.weight")
    return keys
