"""Wan's text encoder, through transformers' UMT5 and our key conversion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import UMT5Config, UMT5EncoderModel
from transformers.models.umt5.modeling_umt5 import UMT5Attention

from vace_core.checkpoints.text import TIED, TRANSFORMERS
from vace_core.text import TextEncoder

from .small import TOLERANCE


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    encoder = _encoder(info["config"])
    weights = {key.removeprefix("weights."): value for key, value in tensors.items() if key.startswith("weights.")}
    renamed = TRANSFORMERS.to(weights)
    encoder.load_state_dict(renamed | {TIED: renamed["shared.weight"]})
    ids, mask = tensors["in.ids"], tensors["in.mask"]
    raw = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    yield "embeddings", raw, tensors["out.embeddings"], TOLERANCE
    lengths = mask.sum(dim=1).tolist()
    text = TextEncoder(encoder, lambda prompt: ids[int(prompt)][: lengths[int(prompt)]].tolist(), ids.shape[1])
    zeroed = torch.cat([text.encode(str(row)) for row in range(3)])
    yield "each prompt alone, padding zeroed", zeroed, tensors["out.embeddings_padding_zeroed"], TOLERANCE
    first = encoder(input_ids=ids[:1], attention_mask=torch.ones_like(ids[:1])).last_hidden_state
    yield "no mask", first, tensors["out.nomask_first"], TOLERANCE
    long = tensors["in.long_ids"]
    yield (
        "300 tokens",
        encoder(input_ids=long, attention_mask=torch.ones_like(long)).last_hidden_state,
        (tensors["out.long"]),
        TOLERANCE,
    )
    attention = encoder.get_submodule("encoder.block.0.layer.0.SelfAttention")
    assert isinstance(attention, UMT5Attention)
    bias = attention.compute_bias(40, 40)
    yield "position bias of block 0", bias, tensors["out.pos_bias_block0_40"], TOLERANCE


def _encoder(config: Mapping[str, Any]) -> UMT5EncoderModel:
    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=config["vocab_size"],
            d_model=config["dim"],
            d_kv=config["dim_attn"] // config["num_heads"],
            d_ff=config["dim_ffn"],
            num_heads=config["num_heads"],
            num_layers=config["encoder_layers"],
            relative_attention_num_buckets=config["num_buckets"],
            feed_forward_proj="gated-gelu",
            dropout_rate=0.0,
        )
    ).eval()
