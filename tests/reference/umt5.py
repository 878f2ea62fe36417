"""Wan's text encoder, through our UMT5 and our key conversion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.checkpoints.text import TIED, TRANSFORMERS
from vace_core.text import TextEncoder
from vace_core.text.umt5_encoder import SelfAttention, Umt5Encoder, Umt5Sizes, buckets_between

from .small import TOLERANCE


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    encoder = _encoder(info["config"])
    weights = {key.removeprefix("weights."): value for key, value in tensors.items() if key.startswith("weights.")}
    renamed = TRANSFORMERS.to(weights)
    encoder.load_state_dict(renamed | {TIED: renamed["shared.weight"]})
    ids, mask = tensors["in.ids"], tensors["in.mask"]
    raw = encoder(ids, mask)
    yield "embeddings", raw, tensors["out.embeddings"], TOLERANCE
    lengths = mask.sum(dim=1).tolist()
    text = TextEncoder(encoder, lambda prompt: ids[int(prompt)][: lengths[int(prompt)]].tolist(), ids.shape[1])
    zeroed = torch.cat([text.encode(str(row)) for row in range(3)])
    yield "each prompt alone, padding zeroed", zeroed, tensors["out.embeddings_padding_zeroed"], TOLERANCE
    first = encoder(ids[:1], torch.ones_like(ids[:1]))
    yield "no mask", first, tensors["out.nomask_first"], TOLERANCE
    long = tensors["in.long_ids"]
    yield "300 tokens", encoder(long, torch.ones_like(long)), tensors["out.long"], TOLERANCE
    attention = encoder.get_submodule("encoder.block.0.layer.0.SelfAttention")
    assert isinstance(attention, SelfAttention)
    bias = attention.position_bias(buckets_between(40, encoder.sizes, ids.device))
    yield "position bias of block 0", bias, tensors["out.pos_bias_block0_40"], TOLERANCE


def _encoder(config: Mapping[str, Any]) -> Umt5Encoder:
    sizes = Umt5Sizes(
        vocabulary=config["vocab_size"],
        width=config["dim"],
        head=config["dim_attn"] // config["num_heads"],
        inner=config["dim_ffn"],
        heads=config["num_heads"],
        layers=config["encoder_layers"],
        buckets=config["num_buckets"],
    )
    return Umt5Encoder(sizes).eval()
