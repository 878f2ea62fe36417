"""GGUF files, by the format's specification: pairs of names and values, a list of tensors, and their numbers in blocks.

The numbers are widened by the `gguf` package of the format's authors. Its reader is not used: it makes an object of
every word of a tokenizer that such a file carries, and a damaged length keeps it at work without end.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from ..errors import CheckpointError
from .lazy_tensor import LazyTensor
from .paths import require_file
from .safetensors_file import require_shape

MAGIC, VERSIONS = b"GGUF", (2, 3)
MOST_PAIRS, MOST_TENSORS, MOST_ITEMS, LONGEST_TEXT = 10_000, 100_000, 2**21, 2**24
"""Of a header: far above any model's; a tokenizer has 256,000 words."""
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value, by the number of its type."""
UINT32, INT32, TEXT, LIST = 4, 5, 8, 9
ALIGNMENT, SHAPE = "general.alignment", "comfy.gguf.orig_shape."
"""Names of pairs that are read; the second, with a tensor's name, is its shape where the format has no such."""
DEFAULT_ALIGNMENT = 32
STEP = 2**20
"""Numbers that are widened at once, about."""

Widen = Callable[[np.ndarray], np.ndarray]


def open_gguf(path: Path) -> dict[str, LazyTensor]:
    """Its tensors, in float32 as they are read. Raises CheckpointError with the path, and with what to install."""
    size = require_file(path)
    try:
        with path.open("rb") as file:
            header = _Header(file, size)
            if header.take("4s")[0] != MAGIC or header.take("<I")[0] not in VERSIONS:
                raise ValueError(f"it does not begin as GGUF of version {' or '.join(map(str, VERSIONS))} does")
            count, pairs = header.take("<QQ")
            if count > MOST_TENSORS or pairs > MOST_PAIRS:
                raise ValueError(f"it says that it has {count} tensors and {pairs} pairs")
            found = dict(header.pair() for _ in range(pairs))
            infos = [header.tensor() for _ in range(count)]
            base = file.tell() + -file.tell() % _alignment(found)
        tensors = {
            name: _entry(path, size, name, found.get(SHAPE + name, shape), kind, base + offset)
            for name, shape, kind, offset in infos
        }
        if len(tensors) < len(infos):
            raise ValueError("two tensors have one name")
    except (OSError, ValueError, TypeError, OverflowError, struct.error) as reason:
        raise CheckpointError(f"{path} cannot be read as GGUF ({reason}); get it again") from reason
    return tensors


class _Header:
    """The header as it is read; what does not fit into the file is a ValueError."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    def take(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(form, self._file.read(struct.calcsize(form)))

    def text(self) -> str:
        (length,) = self.take("<Q")
        if length > LONGEST_TEXT:
            raise ValueError(f"a text in it has {length} bytes")
        return self._file.read(length).decode()

    def pair(self) -> tuple[str, Any]:
        """A name and, of those that are read, its value; None for others."""
        name = self.text()
        (kind,) = self.take("<I")
        if name == ALIGNMENT and kind == UINT32:
            return name, self.take("<I")[0]
        if kind == LIST:
            return name, self._list(name.startswith(SHAPE))
        self._pass_over(kind, 1)
        return name, None

    def tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        """Its name, shape, kind of numbers, and where they are."""
        name = self.text()
        (dimensions,) = self.take("<I")
        require_shape(name, [1] * min(dimensions, 100))
        shape = self.take(f"<{dimensions}Q")[::-1]
        return name, shape, *self.take("<IQ")

    def _list(self, wanted: bool) -> tuple[int, ...] | None:
        kind, count = self.take("<IQ")
        if count > MOST_ITEMS:
            raise ValueError(f"a list in it has {count} items")
        if wanted and kind == INT32 and count <= 8:
            return self.take(f"<{count}i")
        self._pass_over(kind, count)
        return None

    def _pass_over(self, kind: int, count: int) -> None:
        if kind == TEXT:
            for _ in range(count):
                self._skip(self.take("<Q")[0])
        elif kind in SIZES:
            self._skip(count * SIZES[kind])
        else:
            raise ValueError(f"a value in it is of type {kind}, which the format does not have")

    def _skip(self, count: int) -> None:
        if self._file.tell() + count > self._size:
            raise ValueError("it was cut off within its header")
        self._file.seek(count, 1)


def _alignment(pairs: dict[str, Any]) -> int:
    alignment = pairs.get(ALIGNMENT) or DEFAULT_ALIGNMENT
    if alignment & (alignment - 1) or alignment > 2**20:
        raise ValueError(f"{ALIGNMENT} is {alignment}, expected a power of two")
    return alignment


def _entry(path: Path, size: int, name: str, shape: tuple[int, ...], kind: int, start: int) -> LazyTensor:
    require_shape(name, shape)
    if not all(isinstance(one, int) and one > 0 for one in shape):
        raise ValueError(f"{name!r} has the shape {shape}")
    try:
        per_block, nbytes, widen = _format(kind)
    except ValueError as reason:
        raise ValueError(f"{name!r}: {reason}") from reason
    count = math.prod(shape)
    if count % per_block or start + count // per_block * nbytes > size:
        raise ValueError(f"{name!r} of shape {shape} does not fit, in blocks of {per_block}, into what there is")
    pieces = functools.partial(_pieces, path, start, count // per_block, per_block, nbytes, widen)
    return LazyTensor(tuple(shape), torch.float32, pieces, f"{path}: {name}")


@functools.cache
def _format(kind: int) -> tuple[int, int, Widen]:
    """Numbers and bytes of a block, and what makes float32 [1, numbers] of the bytes [1, bytes] of whole blocks.

    ValueError for a format that is not widened; CheckpointError without the package.
    """
    try:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
        from gguf.quants import dequantize
    except ImportError as reason:
        raise CheckpointError("GGUF is read with the gguf package: pip install gguf, and start again") from reason
    known = GGMLQuantizationType(kind)
    per_block, nbytes = GGML_QUANT_SIZES[known]
    widen = functools.partial(dequantize, qtype=known)
    try:
        widen(np.zeros((1, nbytes), np.uint8))
    except (NotImplementedError, ValueError) as reason:
        raise ValueError(f"numbers in {known.name} are not widened") from reason
    return per_block, nbytes, widen


def _pieces(path: Path, start: int, blocks: int, per_block: int, nbytes: int, widen: Widen) -> Iterator[Tensor]:
    """CheckpointError where the file has gone, or has become shorter."""
    step = max(STEP // per_block, 1)
    try:
        with path.open("rb") as file:
            file.seek(start)
            for at in range(0, blocks, step):
                wanted = min(step, blocks - at)
                read = np.frombuffer(file.read(wanted * nbytes), np.uint8)
                if len(read) != wanted * nbytes:
                    raise OSError("it has become shorter")
                with np.errstate(all="ignore"):  # what is not finite is told where it is copied to
                    wide = np.array(widen(read.reshape(1, -1)), np.float32)  # one row: the package takes few at once
                yield torch.from_numpy(wide.reshape(-1))
    except OSError as reason:
        raise CheckpointError(f"{path} could be opened, but not read to its end ({reason}); get it again") from reason
