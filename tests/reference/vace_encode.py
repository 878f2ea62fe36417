"""VACE's 96-channel context with a small Wan autoencoder, and the packing of masks alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from vace_core.conditioning import ContextState, encode_context, encode_reference, pack_mask

from .small import TOLERANCE
from .wan_vae_stream import wan_autoencoder


def cases(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    # The pair holds the encoder's weights only.
    model = wan_autoencoder(tensors, info["config"]["vae"]["dim"], strict=False)
    frames, mask = tensors["in.frames"][None], tensors["in.inpaint_mask"].float()[None]
    pictures = [tensors[f"in.ref{n}"][:, 0] for n in range(2)]
    gray = torch.zeros_like(frames)

    def context(control: Tensor | None, mask: Tensor | None, references: list[Tensor]) -> Tensor:
        chunk, _ = encode_context(model, control, frames, mask, ContextState(), gray)
        return torch.cat([*(encode_reference(model, picture) for picture in references), chunk], dim=2)[0]

    yield "depth", context(frames, None, []), tensors["out.depth.context"], TOLERANCE
    yield "inpaint", context(frames, mask, []), tensors["out.inpaint.context"], TOLERANCE
    yield "one reference", context(frames, None, pictures[:1]), tensors["out.ref1.context"], TOLERANCE
    yield "inpaint, two references", context(frames, mask, pictures), tensors["out.inpaint_ref2.context"], TOLERANCE
    yield "reference only", context(None, None, pictures[:1]), tensors["out.no_source_ref1.context"], TOLERANCE
    plain, _ = model.encode(frames)
    yield "no mask", plain[0], tensors["out.nomask.z"], TOLERANCE
    reference = encode_reference(model, pictures[0])[:, :16]
    yield "no mask, one reference", torch.cat((reference, plain), dim=2)[0], tensors["out.nomask_ref1.z"], TOLERANCE
    yield from _masks(tensors)


def _masks(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    for name, references in (("13f", 0), ("13f_ref1", 1), ("12f", 0), ("17f_ref2", 2), ("1f", 0)):
        expected = tensors[f"out.maskonly_{name}"]
        packed = pack_mask(tensors[f"in.maskonly_{name}.mask"].float()[None])[0]
        # References have no mask: their channels are zero, in front.
        yield f"mask, {name}", packed, expected[:, references:].float(), 0.0
