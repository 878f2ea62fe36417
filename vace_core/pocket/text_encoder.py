"""The pocket's text encoder: Wan's kind, UMT5, at a tiny size, over the tokens of `words`."""

from __future__ import annotations

from ..text import TextEncoder
from ..text.umt5_encoder import Umt5Encoder, Umt5Sizes
from .words import LENGTH, VOCABULARY, tokenize


def new_text_encoder(width: int) -> TextEncoder:
    """Random weights; `width` is the transformer's text_dim."""
    sizes = Umt5Sizes(VOCABULARY, width, head=24, inner=2 * width, heads=4, layers=2, buckets=16, farthest=24)
    return TextEncoder(Umt5Encoder(sizes), tokenize, LENGTH)
