"""The causal Wan transformer and VACE's context blocks."""

from .model import CausalWan, Context, Prompt, Time, block_causal_mask

__all__ = ["CausalWan", "Context", "Prompt", "Time", "block_causal_mask"]
