"""Prompts to embeddings."""

from .blend import Blend, Embeddings, Travel, blend_of
from .prompts import Prompts
from .umt5 import TextEncoder

__all__ = ["Blend", "Embeddings", "Prompts", "TextEncoder", "Travel", "blend_of"]
