"""Pictures that were sent to the page: kept in one folder, under names of our own, and never more than fit."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

MOST_BYTES = 8 * 2**20
"""Of one picture: the page makes larger ones smaller before it sends them."""
MOST_KEPT = 200
MOST_KEPT_BYTES = 256 * 2**20
LONGEST_STEM = 40
PARTIAL = ".part"
KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ".png"),
    (re.compile(rb"\xff\xd8\xff"), ".jpg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), ".webp"),
)
"""How files begin that are taken, and the suffix that they are kept with."""


class NoPicture(ValueError):
    """What was sent is not taken; the message says what to do."""


class PictureStore:
    """A folder of pictures, each named after what it was called and what is in it, so that it is kept only once.

    in_use(): a text in which every picture that is still wanted is named, as that of the controls and the presets; of
    the others the oldest go when there are too many.
    """

    def __init__(self, folder: Path, in_use: Callable[[], str] = str) -> None:
        """The folder must be there."""
        self.folder = folder
        self._in_use = in_use
        self._lock = threading.Lock()  # several pages send at once
        for left in folder.glob(f"*{PARTIAL}"):
            left.unlink(missing_ok=True)

    def add(self, name: str, content: bytes) -> Path:
        """Keep a picture; its path. Raises NoPicture for what is none by its first bytes, or too large, and OSError.

        Whether it can be read is found out where it is used, as for every file that a control names.
        """
        if len(content) > MOST_BYTES:
            raise NoPicture(too_large())
        suffix = next((suffix for begin, suffix in KINDS if begin.match(content)), None)
        if suffix is None:
            raise NoPicture("this is no picture that can be taken; send a PNG, a JPEG or a WebP")
        path = self.folder / f"{_stem(name)}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
        with self._lock:
            self._keep(path, content)
            self._clean_up(path)
        return path

    def _keep(self, path: Path, content: bytes) -> None:
        if path.is_file():
            os.utime(path)  # as new as one that has just come
            return
        partial = path.with_suffix(PARTIAL)
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _clean_up(self, newest: Path) -> None:
        """Remove the oldest of those that nothing names, until the rest is few and small enough."""
        used = self._in_use()
        kept = sorted((file.stat().st_mtime_ns, file.stat().st_size, file) for file in self.folder.iterdir())
        count, size = len(kept), sum(bytes_ for _, bytes_, _ in kept)
        for _, bytes_, file in kept:
            if count <= MOST_KEPT and size <= MOST_KEPT_BYTES:
                return
            if file != newest and file.name not in used:
                file.unlink(missing_ok=True)
                count, size = count - 1, size - bytes_


def open_folder(wanted: Path | None, opened: ExitStack) -> Path:
    """The folder, made if it is not there; None is one that `opened` removes again. Raises OSError."""
    if wanted is None:
        return Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="vace-pictures-")))
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


def too_large() -> str:
    """What is said of a picture of too many bytes."""
    return f"the picture has more than {MOST_BYTES >> 20} MB; make it smaller"


def _stem(name: str) -> str:
    """What is left of the name that a picture had where it came from, as no system minds in a file's name."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(name).stem).strip("-").lower()
    return stem[:LONGEST_STEM].strip("-") or "picture"
