"""Weights files, opened: keys, shapes and number formats are known at once, numbers are read when asked for.

Numbers are read piece by piece, so that a model is in memory once, with little besides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import CheckpointError
from .gguf_file import open_gguf
from .lazy_tensor import LazyTensor
from .names import WRAPPERS, plain_names
from .paths import expanded, is_file, is_folder, require_file
from .safetensors_file import open_safetensors
from .scaled import with_scales
from .store import MOST_SHARDS, shards
from .torch_file import open_torch

SUFFIXES = (".safetensors", ".gguf", ".pt", ".pth", ".bin", ".ckpt")
SHARD = re.compile(r"(.+)-([0-9]{1,9})-of-([0-9]{1,9})(\.\w+)")


@dataclass(frozen=True)
class Weights:
    """The tensors of one file, or of one set of shards. metadata: what a safetensors header says besides."""

    path: Path
    tensors: Mapping[str, LazyTensor]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def only(self, wanted: Callable[[str], bool]) -> Weights:
        """Those tensors whose keys are wanted."""
        return replace(self, tensors={key: stored for key, stored in self.tensors.items() if wanted(key)})


def open_weights(path: Path) -> Weights:
    """Open a weights file, without reading its numbers.

    path: a safetensors or GGUF file; a torch file (.pt, .pth, .bin, .ckpt), of which nothing but tensors is unpickled;
    one shard, an index.json or a folder for the whole set of shards; `~` is the user's home. Weights are taken out of a
    trainer's container, what wrappers put into keys is removed, and weights in eight bits are given their scales.
    Raises CheckpointError, with the path, for what is missing, torn, no file or of no such kind.
    """
    path = expanded(path)
    tensors: dict[str, LazyTensor] = {}
    metadata: dict[str, str] = {}
    for file in _files(path):
        found, told = _open(file)
        twice = sorted(tensors.keys() & found.keys())
        if twice:
            raise CheckpointError(f"{file}: {len(twice)} keys are in another shard too (first: {twice[:10]})")
        tensors |= found
        metadata |= told
    if not tensors:
        raise CheckpointError(f"{path} holds no weights; get it again")
    names = plain_names(tensors)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CheckpointError(
            f"{path}: {len(twice)} keys are the same as others without {' and '.join(WRAPPERS)} (first: "
            f"{twice[:10]}); it is no checkpoint of one model"
        )
    return Weights(path, with_scales(path, dict(zip(names, tensors.values(), strict=True))), metadata)


def _open(file: Path) -> tuple[dict[str, LazyTensor], dict[str, str]]:
    if file.suffix == ".safetensors":
        return open_safetensors(file)
    return open_gguf(file) if file.suffix == ".gguf" else open_torch(file), {}


def _files(path: Path) -> list[Path]:
    """The file itself, or all shards of the set that it stands for."""
    file = _one_of(path) if is_folder(path) else path
    require_file(file, "download it, or give the folder that it is in")
    if file.name.endswith(".index.json"):
        return _present(file, shards(file))
    shard = SHARD.fullmatch(file.name)
    if shard:
        stem, number, count, suffix = shard.groups()
        if int(count) > MOST_SHARDS:
            raise CheckpointError(f"{file} says that it is one of {int(count)}, at most {MOST_SHARDS} are read")
        names = [f"{stem}-{n:0{len(number)}}-of-{count}{suffix}" for n in range(1, int(count) + 1)]
        return _present(file, [file.with_name(name) for name in names])
    if file.suffix not in SUFFIXES:
        raise CheckpointError(
            f"{file} is of no kind that is read here: expected {', '.join(SUFFIXES)}, an .index.json or a folder of "
            "shards"
        )
    return [file]


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
    missing = [shard.name for shard in wanted if not is_file(shard)]
    if missing:
        raise CheckpointError(
            f"{given}: {len(missing)} of {len(wanted)} shards are missing (first: {missing[:10]}); get them too"
        )
    return wanted
