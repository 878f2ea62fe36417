"""Prompts to embeddings."""

from .blend import Blend, Embeddings, Travel, blend_of
from .umt5 import TextEncoder

__all__ = ["Blend", "Embeddings", "TextEncoder", "Travel", "blend_of"]
