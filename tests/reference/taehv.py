"""The tiny autoencoder at its published size: whole and streamed, each way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from vace_core.autoencoder.tiny import TinyAutoencoder

from .small import TOLERANCE


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    model = TinyAutoencoder().eval()
    # The weights are stored in 8 bits; the published numbers were computed after this same, exact, widening.
    weights = {key.removeprefix("weights."): value.float() for key, value in tensors.items() if "weights." in key}
    model.load_state_dict(weights)
    frames = _ours(tensors["in.frames"]) * 2 - 1
    yield "encode, whole", _theirs(model.encode_raw(frames)[0]), tensors["out.encode_parallel"], TOLERANCE
    padded = torch.cat((frames[:, :, :10], frames[:, :, 9:10].expand(-1, -1, 2, -1, -1)), dim=2)
    yield (
        "encode, 10 frames and the last again",
        _theirs(model.encode_raw(padded)[0]),
        (tensors["out.encode_parallel_10frames"]),
        TOLERANCE,
    )
    state = None
    for n in range(3):
        latent, state = model.encode_raw(frames[:, :, 4 * n : 4 * n + 4], state)
        yield f"encode, latent {n} of a stream", _theirs(latent), tensors[f"out.stream_latent{n}"], TOLERANCE
    yield from _decoding(model, tensors)


def _decoding(model: TinyAutoencoder, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    latents = _ours(tensors["in.z"])
    raw = (_theirs(model.decode_raw(latents)[0]) + 1) / 2
    yield "decode, whole, raw", raw, tensors["out.decode_raw_untrimmed_unclamped"], TOLERANCE
    yield "decode, whole", (_theirs(model.decode(latents)[0]) + 1) / 2, tensors["out.decode_parallel"], TOLERANCE
    state, pieces = None, []
    for n in range(3):
        pixels, state = model.decode(latents[:, :, n : n + 1], state)
        pieces.append(pixels)
    streamed = (_theirs(torch.cat(pieces, dim=2)) + 1) / 2
    for n in range(9):
        yield f"decode, frame {n} of a stream", streamed[:, n : n + 1], tensors[f"out.stream_frame{n:02d}"], TOLERANCE


def _ours(video: Tensor) -> Tensor:
    return rearrange(video, "b t c h w -> b c t h w")


def _theirs(video: Tensor) -> Tensor:
    return rearrange(video, "b c t h w -> b t c h w")
