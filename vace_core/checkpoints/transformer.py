"""The transformer's weights: published names and those of diffusers."""

from __future__ import annotations

from .names import Renaming

DIFFUSERS = Renaming(
    "diffusers' transformer",
    (
        (r"^text_embedding\.0\.", "condition_embedder.text_embedder.linear_1."),
        (r"^text_embedding\.2\.", "condition_embedder.text_embedder.linear_2."),
        (r"^time_embedding\.0\.", "condition_embedder.time_embedder.linear_1."),
        (r"^time_embedding\.2\.", "condition_embedder.time_embedder.linear_2."),
        (r"^time_projection\.1\.", "condition_embedder.time_proj."),
        (r"^head\.head\.", "proj_out."),
        (r"^head\.modulation$", "scale_shift_table"),
        (r"\.modulation$", ".scale_shift_table"),
        (r"\.self_attn\.([qkv])\.", r".attn1.to_\1."),
        (r"\.self_attn\.o\.", ".attn1.to_out.0."),
        (r"\.self_attn\.norm_", ".attn1.norm_"),
        (r"\.cross_attn\.([qkv])\.", r".attn2.to_\1."),
        (r"\.cross_attn\.o\.", ".attn2.to_out.0."),
        (r"\.cross_attn\.norm_", ".attn2.norm_"),
        (r"\.norm3\.", ".norm2."),
        (r"\.ffn\.0\.", ".ffn.net.0.proj."),
        (r"\.ffn\.2\.", ".ffn.net.2."),
        (r"\.before_proj\.", ".proj_in."),
        (r"\.after_proj\.", ".proj_out."),
    ),
)
"""The names of diffusers' `WanTransformer3DModel` and `WanVACETransformer3DModel`."""

CONTEXT = "vace_"
"""What the keys of the context blocks and of their patch embedding begin with, in both layouts."""
