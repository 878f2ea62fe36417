"""Weights files, opened: keys, shapes and number formats are known at once, numbers are read when asked for."""

from __future__ import annotations

import functools
import json
import pickle
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from .errors import CheckpointError

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
WINDOW = 128 * 2**20
"""Bytes read before a file is mapped anew. Pages that were read count as memory of ours until then."""
SHARD = re.compile(r"(.+)-(\d+)-of-(\d+)(\.\w+)")


@dataclass(frozen=True)
class Stored:
    """A tensor that lies in a file. `read` gives a view of the file's mapping, on the CPU: copy it, don't write to it."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    read: Callable[[], Tensor]


@dataclass(frozen=True)
class Weights:
    """The tensors of one file, or of one set of shards."""

    path: Path
    tensors: Mapping[str, Stored]

    @property
    def nbytes(self) -> int:
        """Size in the number formats of the file."""
        return sum(torch.Size(stored.shape).numel() * stored.dtype.itemsize for stored in self.tensors.values())

    def only(self, wanted: Callable[[str], bool]) -> Weights:
        """Those tensors whose keys are wanted."""
        return replace(self, tensors={key: stored for key, stored in self.tensors.items() if wanted(key)})


def open_weights(path: Path) -> Weights:
    """Open a weights file, without reading its numbers.

    path: a safetensors file; a torch file (.pt, .pth, .bin, .ckpt), of which tensors and nothing else are unpickled; one
    shard, an index.json or a folder for the whole set of shards. Weights are taken out of a trainer's container, and
    what wrappers put in front of every key is removed.
    Raises CheckpointError, with the path, for what is missing, torn or of no such kind.
    """
    tensors: dict[str, Stored] = {}
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
        return _indexed(path)
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
    sets = {shard[1] + shard[3] for file in files if (shard := SHARD.fullmatch(file.name))}
    if files and (len(files) == 1 or (len(sets) == 1 and all(SHARD.fullmatch(file.name) for file in files))):
        return files[0]
    named = [file.name for file in (*indexes, *files)]
    raise CheckpointError(
        f"{folder}: expected one .safetensors file or one set of shards, found {len(named)} (first: {named[:10]}); "
        "give the file itself"
    )


def _indexed(index: Path) -> list[Path]:
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as reason:
        raise CheckpointError(f"{index} is no index of shards ({reason!r}); get it again") from reason
    return _present(index, [index.with_name(str(name)) for name in sorted(shards)])


def _present(given: Path, shards: list[Path]) -> list[Path]:
    missing = [shard.name for shard in shards if not shard.exists()]
    if missing:
        raise CheckpointError(
            f"{given}: {len(missing)} of {len(shards)} shards are missing (first: {missing[:10]}); get them too"
        )
    return shards


class _Mapping:
    """One file's mapping, replaced after every `WINDOW` bytes, so that what was read does not pile up in memory."""

    def __init__(self, mapped: Callable[[], Callable[[str], Tensor]]) -> None:
        self._map = mapped
        self._get: Callable[[str], Tensor] | None = None
        self._read = 0

    def read(self, key: str) -> Tensor:
        if self._get is None or self._read >= WINDOW:
            self._get, self._read = None, 0
            self._get = self._map()
        tensor = self._get(key)
        self._read += tensor.nbytes
        return tensor


def _safetensors(path: Path) -> dict[str, Stored]:
    try:
        with safe_open(path, framework="pt") as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118  a handle, no dictionary
            heads = {key: (tuple(part.get_shape()), part.get_dtype()) for key, part in slices.items()}
    except (OSError, SafetensorError) as reason:
        raise CheckpointError(f"{path} cannot be read as safetensors ({reason}); get it again") from reason
    unknown = sorted({name for _, name in heads.values()} - FORMATS.keys())
    if unknown:
        raise CheckpointError(f"{path} holds numbers in {unknown}, which are not read here; get it as bf16 or fp8_e4m3fn")
    mapping = _Mapping(lambda: safe_open(path, framework="pt").get_tensor)
    return {
        key: Stored(shape, FORMATS[name], functools.partial(mapping.read, key)) for key, (shape, name) in heads.items()
    }


def _torch(path: Path) -> dict[str, Stored]:
    """A torch file, mapped; one from before torch 1.6 cannot be, and is read whole."""
    tensors = _unpickled(path)
    mapped = zipfile.is_zipfile(path)
    mapping = _Mapping(lambda: _unpickled(path).__getitem__) if mapped else None
    return {
        key: Stored(
            tuple(tensor.shape),
            tensor.dtype,
            functools.partial(mapping.read if mapping else tensors.__getitem__, key),
        )
        for key, tensor in tensors.items()
    }


def _unpickled(path: Path) -> dict[str, Tensor]:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as reason:
        first = str(reason).partition("\n")[0]
        raise CheckpointError(
            f"{path} cannot be read as a torch file of tensors alone ({first}); get it again, or as safetensors"
        ) from reason
    if not isinstance(loaded, Mapping):
        raise CheckpointError(f"{path} holds a {type(loaded).__name__}, expected tensors by name; get the model's weights")
    inside = next((loaded[name] for name in CONTAINERS if isinstance(loaded.get(name), Mapping)), loaded)
    strays = sorted(str(key) for key, value in inside.items() if not isinstance(value, Tensor))
    if strays:
        raise CheckpointError(
            f"{path}: {len(strays)} entries are no tensors (first: {strays[:10]}), expected tensors by name, "
            f"or below one of {', '.join(CONTAINERS)}"
        )
    return {str(key): value.detach() for key, value in inside.items()}
