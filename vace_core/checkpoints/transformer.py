"""The transformer's weights: published names, diffusers' names, and strict loading from safetensors."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from .errors import CheckpointError
from .names import Renaming, require_same_keys

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


def load_strict(module: nn.Module, path: Path) -> None:
    """Fill a module from a safetensors file of exactly its keys and shapes; weights take the module's dtype.

    Raises CheckpointError naming the file and the keys or shapes that differ, before anything is written.
    """
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as reason:
        raise CheckpointError(
            f"{path}: cannot be read as safetensors ({reason}); download or train it again"
        ) from reason
    own = module.state_dict()
    require_same_keys(str(path), set(weights), set(own))
    wrong = [
        f"{key} {tuple(weights[key].shape)}, expected {tuple(own[key].shape)}"
        for key in own
        if weights[key].shape != own[key].shape
    ]
    if wrong:
        raise CheckpointError(f"{path}: {len(wrong)} weights have another shape (first: {wrong[:10]})")
    module.load_state_dict(weights)
