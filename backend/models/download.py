"""Files of weights into a folder: each whole and checked, or not there at all, and a part goes on where it stopped."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from vace_core.checkpoints.catalogue import WeightFile
from vace_core.checkpoints.overrides import NAME
from vace_core.checkpoints.paths import is_file, is_folder
from vace_core.checkpoints.store import shards

from .download_record import Digests, DownloadRecord
from .hub import DownloadError, Remote, WeightHub
from .progress import Progress, gigabytes

TAG = 16
"""Characters of a version's tag in the name of a part."""
PLAIN = re.compile(r"[0-9A-Za-z_-]+")
"""A tag that can be in a file's name; of another one its digest is."""

Free = Callable[[Path], int]
"""Bytes that are free where a folder lies, or will."""


def free_space(folder: Path) -> int:
    """Of the disk that the folder lies on, or will when it is made. DownloadError if there is none."""
    there = next((path for path in (folder, *folder.parents) if is_folder(path)), None)
    if there is None:
        raise DownloadError(f"there is no disk for {folder}; name another folder with --models")
    return shutil.disk_usage(there).free


class Download:
    """Brings files from an origin into `folder`, as `owner/name/path` with a record beside each.

    All raise DownloadError. What is interrupted, by Ctrl-C too, leaves a part that the next run goes on with, if the
    origin still has the same version.
    """

    def __init__(self, folder: Path, origin: WeightHub, stream: TextIO, free: Free = free_space) -> None:
        self.folder = folder
        self._origin = origin
        self._stream = stream
        self._free = free

    def bring(self, files: Sequence[WeightFile]) -> list[Path]:
        """Fetch them all, after a look at whether there is room for all. Returns where they lie.

        An index comes first, and what it lists with it; until all of that is there a `Store` does not take it.
        """
        listed = [shard for file in files if file.is_index for shard in self._shards(file)]
        described = [(file, self._described(file)) for file in (*files, *listed)]
        self._require_room(described)
        return [self._bring(file, remote) for file, remote in described][: len(files)]

    def _described(self, file: WeightFile) -> Remote:
        """DownloadError where it is announced in another size than the catalogue knows for certain."""
        remote = self._origin.describe(file)
        if file.exact and remote.size != file.size:
            raise DownloadError(
                f"{file}: {remote.place} announces {remote.size} bytes, and it is known to have {file.size}; that is "
                "another file. Name a mirror with --endpoint, or, if it was replaced by its authors, put its place in "
                f"{NAME}"
            )
        return remote

    def _shards(self, index: WeightFile) -> list[WeightFile]:
        """The files that an index lists."""
        remote = self._described(index)
        self._require_room([(index, remote)])
        listed = shards(self._bring(index, remote))
        folder = index.path.rpartition("/")[0]
        paths = [f"{folder}/{shard.name}" if folder else shard.name for shard in listed]
        return [
            replace(index, name=shard.name, path=path, names=(), exact=False, sha256="")
            for shard, path in zip(listed, paths)
        ]

    def _require_room(self, described: Sequence[tuple[WeightFile, Remote]]) -> None:
        """DownloadError naming what is needed and what is free, unless all of it fits."""
        needed = sum(remote.size - self._had(file, remote) for file, remote in described)
        free = self._free(self.folder)
        if needed > free:
            raise DownloadError(
                f"{len(described)} files need {gigabytes(needed)} more in {self.folder}, where {gigabytes(free)} are "
                f"free; free {gigabytes(needed - free)}, or name a folder on another disk with --models"
            )

    def _had(self, file: WeightFile, remote: Remote) -> int:
        if is_file(self._target(file)):
            return remote.size
        part = self._part(file, remote)
        return min(part.stat().st_size, remote.size) if is_file(part) else 0

    def _target(self, file: WeightFile) -> Path:
        return self.folder / file.repository / file.path

    def _part(self, file: WeightFile, remote: Remote) -> Path:
        target = self._target(file)
        tag = remote.tag if PLAIN.fullmatch(remote.tag) else hashlib.sha256(remote.tag.encode()).hexdigest()
        return target.with_name(f"{target.name}.{tag[:TAG]}.part")

    def _bring(self, file: WeightFile, remote: Remote) -> Path:
        target = self._target(file)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._alone(file, target):
                if not is_file(target):  # another run may have brought it meanwhile
                    self._fill(file, remote, target)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DownloadError(
                    f"{file}: the disk of {self.folder} is full; free some space and run the same command again, it "
                    "goes on from here"
                ) from error
            raise DownloadError(f"{file}: cannot be brought to {target} ({error}); check the folder") from error
        return target

    def _alone(self, file: WeightFile, target: Path) -> AbstractContextManager[object]:
        """A lock, so that two runs do not write one part; it goes with the program that holds it."""
        lock = FileLock(target.with_name(f".{target.name}.lock"))
        try:
            return lock.acquire(timeout=0)
        except Timeout:
            self._stream.write(f"{file.name}: another run is fetching it; waiting for that\n")
            return lock.acquire()

    def _fill(self, file: WeightFile, remote: Remote, target: Path) -> None:
        part = self._part(file, remote)
        with part.open("ab") as out:
            if out.tell() > remote.size:
                out.truncate(0)
                out.seek(0)
            with Progress(file.name, "fetched", out.tell(), remote.size, self._stream) as shown:
                self._origin.fetch(file, remote, out, shown)
            out.flush()
            os.fsync(out.fileno())  # or a machine that loses its power now has the name, and nothing behind it
        with Progress(file.name, "checked", 0, remote.size, self._stream) as shown:
            digests = Digests.read(part, shown)
        size = part.stat().st_size
        if size != remote.size or not digests.agree_with(remote.tag):
            part.unlink()
            raise DownloadError(
                f"{file}: what came from {remote.place} is not what was announced ({size} bytes, sha256 "
                f"{digests.sha256}; announced {remote.size}, {remote.tag}); it was thrown away, run the command again"
            )
        if file.sha256 and digests.sha256 != file.sha256:
            part.unlink()
            raise DownloadError(
                f"{file}: what came from {remote.place} is not the file that is known (sha256 {digests.sha256}, "
                f"expected {file.sha256}); it was thrown away, name a mirror with --endpoint"
            )
        DownloadRecord(remote.place, remote.commit, size, digests.sha256).write(target)
        os.replace(part, target)
        for older in target.parent.glob(f"{target.name}.*.part"):  # of versions that nobody will go on with
            older.unlink(missing_ok=True)
