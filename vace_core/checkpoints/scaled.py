"""Weights in eight bits with a scale beside them, as ComfyUI's files have them: W = scale * (what is stored).

Two spellings are about: `X.scale_weight` with a key `scaled_fp8` for the whole file, and `X.weight_scale` with a key
`X.comfy_quant`. A scale is one number, or one for each row of the weight. What such files say of the numbers that go
into a layer (`X.scale_input`, `X.input_scale`) is of use only where a layer multiplies in eight bits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..errors import CheckpointError
from .lazy_tensor import FLOAT8, LazyTensor

SCALE = re.compile(r"(.+)\.(?:scale_weight|weight_scale)")
BESIDE = re.compile(r"(.+\.)?(scaled_fp8|scale_input|input_scale|comfy_quant)")
"""Keys that such a file has besides, of which nothing is needed here."""
STEP = 2**20
"""Numbers that are widened at once."""


@dataclass(frozen=True)
class ScaledTensor(LazyTensor):
    """As it is used, in float32: what is stored, widened and multiplied by its scale, piece by piece."""

    narrow: LazyTensor
    """In float8, as it is stored."""
    scale: LazyTensor
    """One number, or one for each row, in any shape."""

    @classmethod
    def of_parts(cls, narrow: LazyTensor, scale: LazyTensor) -> ScaledTensor:
        """CheckpointError, at the first piece, where the scale is not finite."""
        return cls(narrow.shape, torch.float32, lambda: _pieces(narrow, scale), narrow.place, narrow, scale)

    def read_scale(self) -> Tensor:
        """float32: [1, 1] for the whole weight, or [out, 1] for its rows."""
        return _readable(self.scale)


def with_scales(path: Path, tensors: Mapping[str, LazyTensor]) -> dict[str, LazyTensor]:
    """The same weights by the same keys, each that has a scale as a `ScaledTensor`, without the scales.

    Raises CheckpointError where a scale is of no such form.
    """
    scales = {f"{found[1]}.weight": key for key in tensors if (found := SCALE.fullmatch(key))}
    scales = {key: scale for key, scale in scales.items() if key in tensors}
    if not scales and not any(BESIDE.fullmatch(key) for key in tensors):
        return dict(tensors)
    wrong = [words for key, scale in scales.items() if (words := _misfit(key, tensors[key], tensors[scale]))]
    if wrong:
        raise CheckpointError(
            f"{path}: {len(wrong)} weights have scales that are not read here (first: {wrong[:10]}); get the file in "
            "scaled fp8 (float8_e4m3fn), bf16 or fp16"
        )
    left_out = set(scales.values())
    return {
        key: ScaledTensor.of_parts(stored, tensors[scales[key]]) if key in scales else stored
        for key, stored in tensors.items()
        if key not in left_out and not BESIDE.fullmatch(key)
    }


def _misfit(key: str, weight: LazyTensor, scale: LazyTensor) -> str | None:
    """What is wrong with a weight and its scale, in words."""
    if weight.dtype not in FLOAT8:
        return f"{key} has a scale and is in {weight.dtype}, expected float8"
    rows = weight.shape[0] if weight.shape else 1
    if not scale.dtype.is_floating_point or scale.dtype in FLOAT8:
        return f"{key} has a scale in {scale.dtype}, expected float32"
    if math.prod(scale.shape) != 1 and scale.shape not in ((rows,), (rows, *[1] * (len(weight.shape) - 1))):
        return f"{key} {weight.shape} has a scale of shape {scale.shape}, expected one number, or one for each row"
    return None


def _readable(scale: LazyTensor) -> Tensor:
    return scale.read().float().reshape(-1, 1)


def _pieces(narrow: LazyTensor, scale: LazyTensor) -> Iterator[Tensor]:
    factor, at = _readable(scale).flatten(), 0
    inner = max(math.prod(narrow.shape[1:]), 1)
    for piece in narrow.pieces():
        for part in piece.split(STEP):
            wide = part.float()
            if len(factor) > 1:
                rows = torch.arange(at, at + len(part)).div_(inner, rounding_mode="floor")
                wide *= factor.flatten()[rows]
            else:
                wide *= factor
            at += len(part)
            yield wide
