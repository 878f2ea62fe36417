"""Files of safetensors, by the format's specification: the header's length in 8 bytes, the header in JSON, the numbers.

They are read here and not by their library: it maps a file so that the whole of it counts as memory promised, and a
file larger than the machine's memory cannot be opened.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor

from ..errors import CheckpointError
from .lazy_tensor import LazyTensor
from .paths import require_file
from .safetensors_header import METADATA, read_header

FORMATS = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
"""The number formats of safetensors."""
PIECE = 32 * 2**20
"""Bytes that are read at once."""
LARGEST_SIZE, MOST_DIMENSIONS, LONGEST_KEY = 2**31 - 1, 8, 500
"""Of a tensor's shape and name: far above any model's."""


def open_safetensors(path: Path) -> tuple[dict[str, LazyTensor], dict[str, str]]:
    """Its tensors, and what its header says besides. Raises CheckpointError with the path."""
    size = require_file(path)
    try:
        header, base = read_header(path, size)
        rows = {key: row for key, row in header.items() if key != METADATA}
        # One for all: many of many sizes, between what is kept, would leave holes in memory.
        buffer = torch.empty(PIECE, dtype=torch.uint8)
        tensors = {key: _entry(path, buffer, base, key, row) for key, row in rows.items()}
        _require_gapless(sorted((*row["data_offsets"], key) for key, row in rows.items()), size - base)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as reason:
        raise CheckpointError(f"{path} cannot be read as safetensors ({reason}); get it again") from reason
    told = header.get(METADATA)
    texts = told.items() if isinstance(told, Mapping) else ()
    return tensors, {name: text for name, text in texts if isinstance(text, str)}


def require_shape(key: str, shape: Sequence[int]) -> None:
    """ValueError for a shape that no tensor of a model has."""
    if len(shape) > MOST_DIMENSIONS or any(size > LARGEST_SIZE for size in shape):
        raise ValueError(
            f"{key[:LONGEST_KEY]!r} has the shape {list(shape)[: MOST_DIMENSIONS + 1]}, which none can have"
        )
    if len(key) > LONGEST_KEY:
        raise ValueError(f"a key has {len(key)} characters (it begins {key[:40]!r})")


def _entry(path: Path, buffer: Tensor, base: int, key: str, row: Any) -> LazyTensor:
    """ValueError, KeyError or TypeError where the header makes no sense. base: where in the file the numbers begin."""
    if row["dtype"] not in FORMATS:
        raise ValueError(f"{key!r} is in {row['dtype']!r}, expected one of {', '.join(FORMATS)}")
    shape, offsets, dtype = row["shape"], row["data_offsets"], FORMATS[row["dtype"]]
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise ValueError(f"{key!r} has a shape or offsets that are no whole numbers from 0")
    require_shape(key, shape)
    start, end = offsets
    if end - start != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{key!r} of shape {shape} is said to lie from {start} to {end}")
    pieces = functools.partial(_pieces, path, buffer, base + start, end - start, dtype)
    return LazyTensor(tuple(shape), dtype, pieces, f"{path}: {key}")


def _are_sizes(given: Any) -> TypeGuard[list[int]]:
    return isinstance(given, list) and all(type(size) is int and size >= 0 for size in given)


def _require_gapless(rows: Sequence[tuple[int, int, str]], size: int) -> None:
    """ValueError unless the tensors, by where they lie, follow each other and fill the file."""
    at = 0
    for start, end, key in rows:
        if start != at:
            raise ValueError(f"{key!r} begins at {start}, where {at} was expected: tensors overlap, or leave a gap")
        at = end
    if at != size:
        raise ValueError(f"it has {size} bytes of numbers, of {at} by its header")


def _pieces(path: Path, buffer: Tensor, start: int, nbytes: int, dtype: torch.dtype) -> Iterator[Tensor]:
    """CheckpointError where the file has gone, or has become shorter."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            for at in range(0, nbytes, len(buffer)):
                part = buffer[: nbytes - at]
                if file.readinto(part.numpy().data) != len(part):
                    raise OSError("it has become shorter")
                yield part.view(dtype)
    except OSError as reason:
        raise CheckpointError(f"{path} could be opened, but not read to its end ({reason}); get it again") from reason
