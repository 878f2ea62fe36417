"""Weights files, opened: keys, shapes and number formats are known at once, numbers are read when asked for.

Numbers are read piece by piece, so that a model is in memory once, with little besides. That is also why safetensors
are read here and not by their library: it maps a file so that the whole of it counts as memory promised, and a file
larger than the machine's memory cannot be opened.
"""

from __future__ import annotations

import functools
import json
import pickle
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import CheckpointError
from .store import shards

CONTAINERS = ("generator", "generator_ema", "model", "state_dict", "generator_lora")
"""Under which entry of a torch file the weights lie, the best first; what a trainer keeps beside them is not read."""
WRAPPER = "_fsdp_wrapped_module."
PREFIXES = ("model.diffusion_model.", "diffusion_model.", "model.")
"""What others put in front of every key."""
FORMATS = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
"""The number formats of safetensors."""
PIECE = 32 * 2**20
"""Bytes that are read at once."""
WINDOW = 4 * PIECE
"""Bytes after which a torch file is mapped anew: pages that were read count as memory of ours until then."""
SHARD = re.compile(r"(.+)-(\d+)-of-(\d+)(\.\w+)")
LARGEST_HEADER = 100_000_000
"""Bytes of a safetensors header, by its specification."""


@dataclass(frozen=True)
class LazyTensor:
    """A tensor that lies in a file.

    `pieces` gives its numbers in order, flat; a piece is good until the next one is read, of whatever tensor.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    pieces: Callable[[], Iterator[Tensor]]

    @classmethod
    def of(cls, tensor: Tensor) -> LazyTensor:
        """A tensor that was made here, as if it lay in a file."""
        return cls(tuple(tensor.shape), tensor.dtype, lambda: iter([tensor.flatten()]))

    def copy_to(self, out: Tensor) -> None:
        """Into a contiguous tensor of its shape, any dtype, on any device."""
        flat, at = out.view(-1), 0
        for piece in self.pieces():
            flat[at : at + len(piece)].copy_(piece)
            at += len(piece)

    def read(self) -> Tensor:
        """The whole of it, on the CPU."""
        out = torch.empty(self.shape, dtype=self.dtype)
        self.copy_to(out)
        return out


@dataclass(frozen=True)
class Weights:
    """The tensors of one file, or of one set of shards."""

    path: Path
    tensors: Mapping[str, LazyTensor]

    def only(self, wanted: Callable[[str], bool]) -> Weights:
        """Those tensors whose keys are wanted."""
        return replace(self, tensors={key: stored for key, stored in self.tensors.items() if wanted(key)})


def open_weights(path: Path) -> Weights:
    """Open a weights file, without reading its numbers.

    path: a safetensors file; a torch file (.pt, .pth, .bin, .ckpt), of which nothing but tensors is unpickled; one
    shard, an index.json or a folder for the whole set of shards. Weights are taken out of a trainer's container, and
    what wrappers put in front of every key is removed.
    Raises CheckpointError, with the path, for what is missing, torn or of no such kind.
    """
    tensors: dict[str, LazyTensor] = {}
    for file in _files(path):
        found = _safetensors(file) if file.suffix == ".safetensors" else _torch(file)
        twice = sorted(tensors.keys() & found.keys())
        if twice:
            raise CheckpointError(f"{file}: {len(twice)} keys are in another shard too (first: {twice[:10]})")
        tensors |= found
    if not tensors:
        raise CheckpointError(f"{path} holds no weights; get it again")
    names = _plain(tensors)
    if len(set(names)) < len(names):
        raise CheckpointError(f"{path}: two keys are the same without {WRAPPER!r}; it is no checkpoint of one model")
    return Weights(path, dict(zip(names, tensors.values(), strict=True)))


def _plain(keys: Iterable[str]) -> list[str]:
    """Keys without what wrappers added."""
    names = [key.replace(WRAPPER, "") for key in keys]
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in names):
            return [name.removeprefix(prefix) for name in names]
    return names


def _files(path: Path) -> list[Path]:
    """The file itself, or all shards of the set that it stands for."""
    if path.is_dir():
        return _files(_one_of(path))
    if not path.exists():
        raise CheckpointError(f"there is no {path}; download it, or give the folder that it is in")
    if path.name.endswith(".index.json"):
        return _present(path, shards(path))
    shard = SHARD.fullmatch(path.name)
    if shard:
        stem, number, count, suffix = shard.groups()
        names = [f"{stem}-{n:0{len(number)}}-of-{count}{suffix}" for n in range(1, int(count) + 1)]
        return _present(path, [path.with_name(name) for name in names])
    if path.suffix not in (".safetensors", ".pt", ".pth", ".bin", ".ckpt"):
        raise CheckpointError(
            f"{path} is of no kind that is read here: expected .safetensors, .pt, .pth, .bin, .ckpt, an .index.json "
            "or a folder of shards"
        )
    return [path]


def _one_of(folder: Path) -> Path:
    """The file of a folder that stands for all of it: its index, its only weights file, or its first shard."""
    indexes = sorted(folder.glob("*.index.json"))
    if len(indexes) == 1:
        return indexes[0]
    files = sorted(folder.glob("*.safetensors"))
    sets = {shard[1] if (shard := SHARD.fullmatch(file.name)) else file.name for file in files}
    if len(sets) == 1:
        return files[0]
    named = [file.name for file in (*indexes, *files)]
    raise CheckpointError(
        f"{folder}: expected one .safetensors file or one set of shards, found {len(named)} (first: {named[:10]}); "
        "give the file itself"
    )


def _present(given: Path, wanted: list[Path]) -> list[Path]:
    missing = [shard.name for shard in wanted if not shard.exists()]
    if missing:
        raise CheckpointError(
            f"{given}: {len(missing)} of {len(wanted)} shards are missing (first: {missing[:10]}); get them too"
        )
    return wanted


def _safetensors(path: Path) -> dict[str, LazyTensor]:
    """By the format's specification: the header's length in 8 bytes, the header in JSON, the numbers."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > LARGEST_HEADER:
                raise ValueError("it does not begin with a header")
            header = json.loads(file.read(length))
        rows = {key: row for key, row in header.items() if key != "__metadata__"}
        # One for all: many of many sizes, between what is kept, would leave holes in memory.
        buffer = torch.empty(PIECE, dtype=torch.uint8)
        tensors = {key: _entry(path, buffer, 8 + length, key, row) for key, row in rows.items()}
        end = max((row["data_offsets"][1] for row in rows.values()), default=0)
        if path.stat().st_size != 8 + length + end:
            raise ValueError(f"it has {path.stat().st_size} bytes, of {8 + length + end} by its header")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as reason:
        raise CheckpointError(f"{path} cannot be read as safetensors ({reason}); get it again") from reason
    return tensors


def _entry(path: Path, buffer: Tensor, base: int, key: str, row: Mapping[str, Any]) -> LazyTensor:
    """ValueError, KeyError or TypeError where the header makes no sense. base: where in the file the numbers begin."""
    if row["dtype"] not in FORMATS:
        raise ValueError(f"{key} is in {row['dtype']}, expected one of {', '.join(FORMATS)}")
    shape, dtype = tuple(int(size) for size in row["shape"]), FORMATS[row["dtype"]]
    start, end = row["data_offsets"]
    if end - start != torch.Size(shape).numel() * dtype.itemsize or start < 0:
        raise ValueError(f"{key} of shape {shape} is said to lie from {start} to {end}")
    return LazyTensor(shape, dtype, functools.partial(_pieces_of_file, path, buffer, base + start, end - start, dtype))


def _pieces_of_file(path: Path, buffer: Tensor, start: int, nbytes: int, dtype: torch.dtype) -> Iterator[Tensor]:
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


def _torch(path: Path) -> dict[str, LazyTensor]:
    """A torch file, mapped; one from before torch 1.6 cannot be, and is read whole."""
    mapping = _Mapping(path)
    heads = {key: (tuple(tensor.shape), tensor.dtype) for key, tensor in mapping.tensors(0).items()}
    return {
        key: LazyTensor(shape, dtype, functools.partial(_pieces_of_mapping, mapping, key))
        for key, (shape, dtype) in heads.items()
    }


class _Mapping:
    """A torch file's tensors as views of its mapping, which is made anew after every `WINDOW` bytes read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mapped = zipfile.is_zipfile(path)
        self._tensors = _unpickled(path, self._mapped)
        self._read = 0

    def tensors(self, nbytes: int) -> Mapping[str, Tensor]:
        """nbytes: how much of them is about to be read."""
        if self._mapped and self._read >= WINDOW:
            self._tensors = {}  # the old mapping goes first
            self._tensors, self._read = _unpickled(self._path, self._mapped), 0
        self._read += nbytes
        return self._tensors


def _pieces_of_mapping(mapping: _Mapping, key: str) -> Iterator[Tensor]:
    whole = mapping.tensors(0)[key]
    count, itemsize, contiguous = whole.numel(), whole.element_size(), whole.is_contiguous()
    del whole
    step = PIECE // itemsize if contiguous else max(count, 1)
    for at in range(0, count, step):
        nbytes = min(step, count - at) * itemsize
        yield mapping.tensors(nbytes)[key].reshape(-1)[at : at + step]


def _unpickled(path: Path, mapped: bool) -> dict[str, Tensor]:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as reason:
        first = str(reason).partition("\n")[0]
        raise CheckpointError(
            f"{path} cannot be read as a torch file of tensors alone ({first}); get it again, or as safetensors"
        ) from reason
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
    return {str(key): value.detach() for key, value in inside.items()}
