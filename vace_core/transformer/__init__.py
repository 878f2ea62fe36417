"""The causal Wan transformer and VACE's context blocks."""

from .model import CausalWan, Context, Prompt, References, Time, block_causal_mask

__all__ = ["CausalWan", "Context", "Prompt", "References", "Time", "block_causal_mask"]
