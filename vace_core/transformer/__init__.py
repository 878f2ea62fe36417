"""The causal Wan transformer and VACE's context blocks."""

from .inputs import Context, Prompt, References, Time
from .model import CausalWan, block_causal_mask

__all__ = ["CausalWan", "Context", "Prompt", "References", "Time", "block_causal_mask"]
