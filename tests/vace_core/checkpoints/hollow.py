"""Checkpoints of any size that take up no room: real keys and shapes, and nothing behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from vace_core.checkpoints.safetensors_file import FORMATS

Shapes = Mapping[str, Sequence[int]]


def safetensors(path: Path, shapes: Shapes, dtype: torch.dtype = torch.bfloat16) -> Path:
    """A safetensors file whose header is real and whose data is a hole in the file (on Windows it takes up room)."""
    name = next(name for name, known in FORMATS.items() if known == dtype)
    header: dict[str, Any] = {}
    end = 0
    for key, shape in shapes.items():
        start, end = end, end + torch.Size(shape).numel() * dtype.itemsize
        header[key] = {"dtype": name, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return path


def tensors(shapes: Shapes, prefix: str = "", dtype: torch.dtype = torch.bfloat16) -> dict[str, torch.Tensor]:
    """Tensors of these shapes that are one number each in memory, and in a file of `torch.save`."""
    return {prefix + key: torch.zeros((), dtype=dtype).expand(tuple(shape)) for key, shape in shapes.items()}
