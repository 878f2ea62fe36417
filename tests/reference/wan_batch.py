"""The stock Wan text-to-video transformer on whole videos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.transformer.rope import rotation

from .small import TOLERANCE, timestep, transformer


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    model = transformer(tensors, info["config"])

    def flow(x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        return model(x[None], model.embed_time(timestep(t)), model.embed_prompt(text[None]))[0]

    x, text = tensors["in.single.x"], tensors["in.single.context"]
    yield "single", flow(x, tensors["in.single.t"], text), tensors["out.single"], TOLERANCE
    yield "integer timestep", flow(x, tensors["in.int_t.t"], text), tensors["out.int_t"], TOLERANCE
    # The original pads a batch of different lengths and masks the padding; each video alone must give the same.
    for n in range(2):
        ours = flow(tensors[f"in.batch.x{n}"], tensors["in.batch.t"][n], tensors[f"in.batch.context{n}"])
        yield f"batch, video {n}", ours, tensors[f"out.batch.{n}"], TOLERANCE
    yield from _rope(tensors)


def _rope(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    """The table of the first 16 positions holds, side by side, the angles of time, height and width."""
    expected = torch.complex(tensors["out.rope_freqs_first16.real"], tensors["out.rope_freqs_first16.imag"])
    turn = rotation(range(16), 16, 16, 2 * expected.shape[1], "cpu").unflatten(1, (16, 16, 16))
    diagonal = torch.stack([turn[:, n, n, n] for n in range(16)], dim=1)
    yield "rope, cosines", diagonal[0, :, ::2], expected.real, 1e-6
    yield "rope, sines", diagonal[1, :, 1::2], expected.imag, 1e-6
