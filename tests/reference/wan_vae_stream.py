"""Wan's video autoencoder: whole, and by chunks of 1, 4, 4 and 4 frames, each way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.autoencoder.wan import WanAutoencoder

from .small import TOLERANCE


def wan_autoencoder(tensors: Mapping[str, Tensor], dim: int, strict: bool = True) -> WanAutoencoder:
    """Our autoencoder with a pair's weights."""
    model = WanAutoencoder(dim).eval()
    weights = {key.removeprefix("weights."): value for key, value in tensors.items() if key.startswith("weights.")}
    model.load_state_dict(weights, strict=strict)
    return model


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    model = wan_autoencoder(tensors, info["config"]["dim"])
    yield "mean", model.statistics.mean.flatten(), tensors["mean"], 1e-6
    yield "std", model.statistics.std.flatten(), tensors["std"], 1e-6
    video = tensors["in.video"][None]
    whole, _ = model.encode(video)
    yield "encode, whole", whole[0], tensors["out.encode_whole"], TOLERANCE
    raw = model.statistics.restore(whole)[0]
    yield "encode, whole, not normalised", raw, tensors["out.encode_whole_unnormalised"], TOLERANCE
    # 15 frames are no whole number of latents: the published code ignores the last two, ours asks for 13.
    yield (
        "encode, 13 of 15 frames",
        model.encode(tensors["in.video15"][None, :, :13])[0][0],
        tensors["out.encode15"],
        (TOLERANCE),
    )
    state = None
    for n, frames in enumerate((slice(0, 1), slice(1, 5), slice(5, 9), slice(9, 13))):
        latent, state = model.encode(video[:, :, frames], state)
        yield f"encode, chunk {n}", latent[0], tensors[f"out.encode_chunk{n}"], TOLERANCE
    latents = tensors["in.z"][None]
    yield "decode, whole", model.decode(latents)[0][0], tensors["out.decode_whole"], TOLERANCE
    state = None
    for n in range(4):
        pixels, state = model.decode_raw(latents[:, :, n : n + 1], state)
        yield f"decode, chunk {n}", pixels[0], tensors[f"out.decode_chunk{n}"], TOLERANCE
    yield "decode, chunks of 1 and 3", _in_two(model, latents), tensors["out.decode_whole"], TOLERANCE


def _in_two(model: WanAutoencoder, latents: Tensor) -> Tensor:
    first, state = model.decode(latents[:, :, :1])
    rest, _ = model.decode(latents[:, :, 1:], state)
    return torch.cat((first, rest), dim=2)[0]
