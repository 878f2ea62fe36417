"""Where weights lie on this machine. Look-ups of files only: nothing here knows a network."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import CheckpointError
from .catalogue import FILES, WeightFile
from .overrides import NAME, Override, read_overrides
from .paths import is_file, is_folder, read_json

log = logging.getLogger(__name__)

COMFYUI = (
    "diffusion_models",
    "unet",
    "checkpoints",
    "vae",
    "vae_approx",
    "text_encoders",
    "clip",
    "loras",
)
"""ComfyUI's folders that such weights are kept in."""
MOST_SHARDS = 1000
SAMPLE = 1 << 16
"""Bytes that are compared at the beginning, in the middle and at the end of two files that may be the same."""


class Store:
    """Finds the files of the catalogue in `folders`, the first that has one before the others.

    A folder may be our own or any other where repositories lie as `owner/name/path` or `name/path`, a cache of
    huggingface_hub's, a ComfyUI or its models, or one that simply holds the files under a name of the catalogue's.
    `models.json` in any of them goes before all that (CheckpointError if it makes no sense).
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._overrides: dict[str, Override] = {}
        self._names: dict[Path, dict[str, list[Path]]] = {}
        for folder in reversed(self.folders):
            self._overrides |= read_overrides(folder)

    def wanted(self, file: WeightFile) -> WeightFile:
        """The row of the catalogue, or the one that `models.json` puts in its place."""
        override = self._overrides.get(file.name)
        return override if isinstance(override, WeightFile) else file

    def find(self, file: WeightFile) -> Path | None:
        """Where it lies; None if it is nowhere. For an index, its shards are all beside it.

        Raises CheckpointError where several files could be meant and they differ, or `models.json` names none.
        """
        override = self._overrides.get(file.name)
        if isinstance(override, Path):
            if not is_file(override):
                raise CheckpointError(
                    f"{NAME} says that {file.name} is {override}, where there is no file; correct it, or take it out"
                )
            return override
        file = self.wanted(file)
        for folder in self.folders:
            if path := _by_repository(folder, file) or self._by_name(folder, file):
                return path
        return None

    def find_or_instead(self, file: WeightFile) -> tuple[WeightFile, Path] | None:
        """The file, or else the first that does as well, which is told in the log; None if none is there."""
        for name in (file.name, *file.instead):
            row = file if name == file.name else FILES[name]
            if (path := self.find(row)) is not None:
                if row is not file:
                    log.info("%s is taken for %s: %s", name, file.name, path)
                return row, path
        return None

    def require(self, files: Mapping[str, WeightFile]) -> dict[str, Path]:
        """Role -> path. CheckpointError naming every missing file, and the command that brings them."""
        found = {role: self.find_or_instead(file) for role, file in files.items()}
        missing = [self.wanted(files[role]) for role, one in found.items() if one is None]
        if missing:
            raise CheckpointError(
                f"{len(missing)} of {len(files)} files of weights are missing: {', '.join(map(str, missing))}. "
                f"Run `python start.py models download {' '.join(file.name for file in missing)}`, or name a folder "
                f"that holds them with --models (looked in {', '.join(map(str, self.folders))})"
            )
        return {role: one[1] for role, one in found.items() if one is not None}

    def _by_name(self, folder: Path, file: WeightFile) -> Path | None:
        if folder not in self._names:
            self._names[folder] = _names_in(folder)
        for name in file.names:
            paths = self._names[folder].get(name.casefold(), [])
            if found := _the_only(file, (path for path in paths if is_file(path))):
                return found
        return None


def shards(index: Path) -> list[Path]:
    """The files that an index lists, in its folder. CheckpointError if it is no index."""
    try:
        names = set(read_json(index)["weight_map"].values())
        if len(names) > MOST_SHARDS:
            raise ValueError(f"it lists {len(names)} files, at most {MOST_SHARDS} are read")
        if not all(Path(name).name == name and name not in ("", "..") and name.isprintable() for name in names):
            raise ValueError("a shard outside its folder, or with no name")
    except (ValueError, KeyError, AttributeError, TypeError) as reason:
        raise CheckpointError(f"{index}: is no index of shards ({reason}); download it again") from reason
    return [index.parent / name for name in sorted(names)]


def _by_repository(folder: Path, file: WeightFile) -> Path | None:
    """In the authors' own repository, or else in its mirror."""
    places = (_in_repository(folder, file, repository) for repository in file.repositories)
    return next((path for path in places if path), None)


def _in_repository(folder: Path, file: WeightFile, repository: str) -> Path | None:
    owner, name = repository.split("/")
    for root in (folder / owner / name, folder / name):
        if _is_whole(root / file.path, file):
            return root / file.path
    cached = folder / f"models--{owner}--{name}"
    if not is_folder(cached):
        return None
    try:
        current = cached / "snapshots" / (cached / "refs" / "main").read_text(encoding="utf-8").strip() / file.path
        if _is_whole(current, file):
            return current
    except OSError:
        pass  # fetched by commit, so that there is no main
    snapshots = sorted((cached / "snapshots").glob("*"))
    return _the_only(file, (root / file.path for root in snapshots if _is_whole(root / file.path, file)))


def _names_in(folder: Path) -> dict[str, list[Path]]:
    """The files of a folder itself, and of all below those that ComfyUI keeps models in, by name in lower case."""
    found: dict[str, list[Path]] = {}
    if not is_folder(folder):
        return found
    roots = [root / name for root in (folder, folder / "models") for name in COMFYUI]
    trees = [(str(folder), _files(folder)), *((top, names) for root in roots for top, _, names in os.walk(root))]
    for top, names in trees:
        for name in names:
            found.setdefault(name.casefold(), []).append(Path(top) / name)
    return found


def _files(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []  # a folder that may not be read holds nothing


def _is_whole(path: Path, file: WeightFile) -> bool:
    return is_file(path) and (not file.is_index or all(is_file(shard) for shard in shards(path)))


def _the_only(file: WeightFile, found: Iterable[Path]) -> Path | None:
    """The first, if all are the same file or the like of it."""
    paths = list(found)
    different = [path for path in paths[1:] if not _same(paths[0], path)]
    if different:
        raise CheckpointError(
            f"several files could be {file.name}, and they differ: {paths[0]}, {', '.join(map(str, different))}; "
            f'say which in {NAME}, for example {{"{file.name}": "{paths[0].as_posix()}"}}'
        )
    return paths[0] if paths else None


def _same(one: Path, other: Path) -> bool:
    """The same file, or one of the same size and, as far as is looked, content."""
    if one.samefile(other):
        return True
    size = one.stat().st_size
    if size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        for start in (0, size // 2, max(0, size - SAMPLE)):
            left.seek(start)
            right.seek(start)
            if left.read(SAMPLE) != right.read(SAMPLE):
                return False
    return True
