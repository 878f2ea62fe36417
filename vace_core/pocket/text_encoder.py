"""The pocket's text encoder: Wan's kind, UMT5, at a tiny size, over the tokens of `words`."""

from __future__ import annotations

from transformers import UMT5Config, UMT5EncoderModel

from ..text import TextEncoder
from .words import END, LENGTH, PAD, VOCABULARY, tokenize


def new_text_encoder(width: int) -> TextEncoder:
    """Random weights; `width` is the transformer's text_dim."""
    config = UMT5Config(
        vocab_size=VOCABULARY,
        d_model=width,
        d_kv=24,
        d_ff=2 * width,
        num_layers=2,
        num_heads=4,
        relative_attention_num_buckets=16,
        relative_attention_max_distance=24,
        dropout_rate=0.0,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=PAD,
    )
    encoder = UMT5EncoderModel(config)
    encoder.set_input_embeddings(encoder.shared)  # one table, which transformers lists twice
    return TextEncoder(encoder, tokenize, LENGTH)
