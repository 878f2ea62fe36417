"""What is known of a file on disk: what the server said of it when it came, and whether it is whole now."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from vace_core.checkpoints.catalogue import INDEX
from vace_core.checkpoints.paths import read_json
from vace_core.checkpoints.safetensors_header import METADATA, read_header
from vace_core.checkpoints.store import shards
from vace_core.errors import CheckpointError

BLOCK = 1 << 20
SHA256, GIT = 64, 40
"""Hexadecimal digits of a tag that is the content's SHA-256, or git's SHA-1 of it."""
ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class DownloadRecord:
    """Kept beside a file that was downloaded, as `.NAME.json`."""

    origin: str
    commit: str
    size: int
    sha256: str

    @staticmethod
    def beside(path: Path) -> Path:
        return path.with_name(f".{path.name}.json")

    @classmethod
    def of(cls, path: Path) -> DownloadRecord | None:
        """None where the file came from elsewhere, or what lies beside it is no record."""
        try:
            read = read_json(cls.beside(path))
            return cls(str(read["origin"]), str(read["commit"]), int(read["size"]), str(read["sha256"]))
        except (ValueError, KeyError, TypeError, OverflowError):
            return None

    def write(self, path: Path) -> None:
        """Whole or not at all. Raises OSError."""
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.json")
        unfinished.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(unfinished, self.beside(path))


@dataclass(frozen=True)
class Digests:
    """Of one content: its SHA-256, and git's SHA-1 of it, which the hub tags small files with."""

    sha256: str
    git: str

    @classmethod
    def read(cls, path: Path, shown: Callable[[int], None]) -> Digests:
        """From disk; shown(bytes) is called as they are read. Raises OSError."""
        sha256, git = hashlib.sha256(), hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                sha256.update(block)
                git.update(block)
                shown(len(block))
        return cls(sha256.hexdigest(), git.hexdigest())

    def agree_with(self, tag: str) -> bool:
        """Whether the content is what the server's tag says; a tag of another kind says nothing of it."""
        return {SHA256: tag == self.sha256, GIT: tag == self.git}.get(len(tag), True)


def fault(path: Path, shown: Callable[[int], None] = lambda _: None) -> str | None:
    """What is wrong with a file, or None: its size and SHA-256 as they came, else at least that it is all there.

    Of an index, what is wrong with the first shard that something is wrong with. Raises OSError.
    """
    if path.name.endswith(INDEX):
        try:
            faults = ((shard, fault(shard, shown)) for shard in shards(path))
            return next((f"{shard.name} {wrong}" for shard, wrong in faults if wrong), None)
        except CheckpointError as reason:
            return str(reason)
    record = DownloadRecord.of(path)
    if record is None:
        return _torn(path)
    if (size := path.stat().st_size) != record.size:
        return f"has {size} bytes, and had {record.size} when it came from {record.origin}"
    if Digests.read(path, shown).sha256 != record.sha256:
        return f"has another content than when it came from {record.origin}"
    return None


def mistaken(path: Path, holds: str) -> str | None:
    """What a file holds instead, told from its keys and shapes; None if it is what it should be.

    holds: `WeightFile.holds`; nothing is said of a file that is no weights.
    """
    from vace_core.checkpoints.layouts import recognise  # which brings torch
    from vace_core.checkpoints.weights import open_weights

    if not holds:
        return None
    try:
        found = recognise(open_weights(path))
    except CheckpointError as reason:
        return f"cannot be opened: {reason}"
    words = "nothing that is known here" if found is None else str(found)
    return None if words == holds or words.startswith(f"{holds} in the names of") else f"holds {words}, not {holds}"


def content_size(path: Path) -> int:
    """Bytes of a file; of an index, those of all its shards. Raises OSError; CheckpointError for what is no index."""
    return sum(part.stat().st_size for part in (shards(path) if path.name.endswith(INDEX) else [path]))


def _torn(path: Path) -> str | None:
    """What a file itself shows: a safetensors file says how long it is, a zip (PyTorch's form) ends with its list."""
    if path.suffix == ".safetensors":
        return _torn_safetensors(path)
    with path.open("rb") as file:
        begins_as_zip = file.read(len(ZIP)) == ZIP
    if begins_as_zip and not zipfile.is_zipfile(path):
        return "is cut off: the list at its end is missing"
    if path.suffix == ".json":
        try:
            json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as reason:
            return f"is no JSON ({reason})"
    return None if path.stat().st_size else "is empty"


def _torn_safetensors(path: Path) -> str | None:
    size = path.stat().st_size
    try:
        header, base = read_header(path, size)
        expected = base + max((row["data_offsets"][1] for name, row in header.items() if name != METADATA), default=0)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as reason:
        return f"has a header that cannot be read ({reason})"
    return None if size == expected else f"has {size} bytes, and by its header {expected}"
