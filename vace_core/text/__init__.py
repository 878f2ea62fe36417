"""Prompts to embeddings."""

from .umt5 import TextEncoder

__all__ = ["TextEncoder"]
