"""Files of `torch.save`, of which nothing but tensors is unpickled, and nothing that is packed is unpacked."""

from __future__ import annotations

import functools
import io
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..errors import CheckpointError
from .lazy_tensor import LazyTensor
from .names import is_buffer
from .paths import require_file
from .safetensors_file import FORMATS, PIECE, require_shape

CONTAINERS = ("generator", "generator_ema", "model", "module", "state_dict", "ema", "generator_lora")
"""Under which entry of a torch file the weights lie, the best first; what a trainer keeps beside them is not read."""
WINDOW = 4 * PIECE
"""Bytes after which a torch file is mapped anew: pages that were read count as memory of ours until then."""
LARGEST_PICKLE = 64 * 2**20
"""Bytes of what names the tensors in a file: many times that of a trainer's largest."""
OBJECT = re.compile(r"Unsupported (?:global: GLOBAL|class) (\S+)")
"""Where torch says which object of a file it would not make."""

Heads = dict[str, tuple[tuple[int, ...], torch.dtype]]
"""Shape and number format by key."""


def open_torch(path: Path) -> dict[str, LazyTensor]:
    """Its tensors, mapped; a file from before torch 1.6 cannot be, and is read whole. Raises CheckpointError."""
    mapping = _Mapping(path)
    return {
        key: LazyTensor(shape, dtype, functools.partial(_pieces, mapping, key), f"{path}: {key}")
        for key, (shape, dtype) in mapping.heads.items()
    }


class _Mapping:
    """A torch file's tensors as views of its mapping, which is made anew after every `WINDOW` bytes read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mapped = _is_zip(path)
        self._tensors = _unpickled(path, self._mapped)
        self._read = 0
        self.heads = _heads(self._tensors)

    def tensors(self, nbytes: int) -> Mapping[str, Tensor]:
        """nbytes: how much of them is about to be read. CheckpointError where the file is another one by now."""
        if self._mapped and self._read >= WINDOW:
            self._tensors = {}  # the old mapping goes first
            self._tensors, self._read = _unpickled(self._path, _is_zip(self._path)), 0
            if _heads(self._tensors) != self.heads:
                raise CheckpointError(f"{self._path} was changed while it was read; start again")
        self._read += nbytes
        return self._tensors


def _heads(tensors: Mapping[str, Tensor]) -> Heads:
    return {key: (tuple(tensor.shape), tensor.dtype) for key, tensor in tensors.items()}


def _pieces(mapping: _Mapping, key: str) -> Iterator[Tensor]:
    whole = mapping.tensors(0)[key]
    count, itemsize, contiguous = whole.numel(), whole.element_size(), whole.is_contiguous()
    del whole
    step = PIECE // itemsize if contiguous else max(count, 1)
    for at in range(0, count, step):
        nbytes = min(step, count - at) * itemsize
        yield mapping.tensors(nbytes)[key].reshape(-1)[at : at + step]


def _is_zip(path: Path) -> bool:
    """Whether it is a zip, as torch writes them. CheckpointError for one that would have to be unpacked."""
    size = require_file(path)
    try:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except Exception as reason:  # the library raises what damaged bytes make of it
        raise _unreadable(path, reason) from reason
    packed = [entry.filename for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    if packed:
        raise CheckpointError(f"{path}: {packed[0]!r} in it is compressed, as torch never does; get it again")
    if sum(entry.file_size for entry in entries) > size:
        raise CheckpointError(f"{path}: what is in it is larger than the file; get it again")
    large = [entry for entry in entries if entry.filename.endswith("data.pkl") and entry.file_size > LARGEST_PICKLE]
    if large:
        raise CheckpointError(
            f"{path}: {large[0].filename!r} in it has {large[0].file_size} bytes, at most {LARGEST_PICKLE} are read; "
            "get the model's weights alone"
        )
    return True


class _Clipped(io.BufferedReader):
    """A file of which no more is asked than there is: a damaged length would take so much memory first."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        return super().read(left if size is None or size < 0 else min(size, max(left, 0)))


def _unpickled(path: Path, mapped: bool) -> dict[str, Tensor]:
    try:
        if mapped:
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        else:
            with _Clipped(io.FileIO(path)) as file:
                loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as reason:  # a damaged pickle makes the library raise anything
        raise _unreadable(path, reason) from reason
    if not isinstance(loaded, Mapping):
        raise CheckpointError(
            f"{path} holds a {type(loaded).__name__}, expected tensors by name; get the model's weights"
        )
    inside = next((loaded[name] for name in CONTAINERS if isinstance(loaded.get(name), Mapping)), loaded)
    strays = sorted(str(key) for key, value in inside.items() if not isinstance(value, Tensor))
    if strays:
        raise CheckpointError(
            f"{path}: {len(strays)} entries are no tensors (first: {strays[:10]}), expected tensors by name, "
            f"or below one of {', '.join(CONTAINERS)}"
        )
    # Buffers of other number formats, such as complex rotations, are no weights and are left alone.
    tensors = {
        str(key): value.detach()
        for key, value in inside.items()
        if value.dtype in FORMATS.values() or not is_buffer(str(key))
    }
    try:
        for key, value in tensors.items():
            _require_plain(key, value)
    except ValueError as reason:
        raise CheckpointError(f"{path}: {reason}; get it again, or as safetensors") from reason
    return tensors


def _require_plain(key: str, tensor: Tensor) -> None:
    """ValueError for a tensor that is more than numbers of a known format in memory."""
    require_shape(key, tensor.shape)
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.dtype not in FORMATS.values():
        raise ValueError(f"{key!r} is a tensor of {tensor.dtype}, {tensor.layout}, on {tensor.device}")


def _unreadable(path: Path, reason: Exception) -> CheckpointError:
    """What to do about a file that is damaged, or that has objects in it that could be code."""
    if found := OBJECT.search(str(reason)):
        return CheckpointError(
            f"{path} cannot be read as a torch file of tensors alone: there is a {found[1]} in it, which could be "
            "code, so nothing of it was read; get it as safetensors, or save its tensors alone where it was made"
        )
    first = str(reason).partition("\n")[0] or type(reason).__name__
    return CheckpointError(
        f"{path} cannot be read as a torch file of tensors alone ({first}); get it again, or as safetensors"
    )
