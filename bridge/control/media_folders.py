"""Which files, addresses and devices a sender may name: those on this machine all but shares of others, everybody else
only files in the folders that `--media` names.

What another machine's sender names would be opened with the rights of whoever started the program, and seen on the
output. A path to another machine's share makes Windows send that machine the user's name and password, so it is refused
whoever names it, unless it lies in such a folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from .parameters import Control, Value

HARMLESS = ("testcard",)
"""Schemes of frame addresses that open nothing."""
SCHEME = re.compile(r"[a-z][a-z0-9_-]+")
DRIVE = re.compile(r"[a-z]:(?!:)", re.IGNORECASE)
SHARE = re.compile(r"[\\/]{2}")
DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
"""Names that are devices on Windows, in any folder and with any suffix."""
SHOWN = 60
"""Characters of a path that a reason shows."""


class MediaFolders:
    """folders: those that senders on other machines may name files in. ValueError for one that is not there."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._written = [_comparable(os.path.abspath(folder.expanduser())) for folder in folders]
        self._real = [_real_folder(folder) for folder in folders]

    def refusal(self, control: Control, value: Value, here: bool) -> str | None:
        """Why a sender may not set this control to this value; None if he may.

        here: whether he is on this machine. value: as `control.convert` gives it. It is asked before the value is
        checked, so that nobody learns from the answer which files there are.
        """
        if control.names is None:
            return None
        for named in control.names(value):
            if reason := self._reason(named, here):
                shown = named if len(named) <= SHOWN else f"{named[: SHOWN - 3]}..."
                return f"{control.address}: {shown!r} {reason}"
        return None

    def _reason(self, named: str, here: bool) -> str | None:
        path = _path_in(named)
        if path is None:
            if here or named.partition(":")[0] in HARMLESS:
                return None
            return "is for senders on this machine only; others may name files in folders that --media names"
        if _is_share(path) and not _is_inside(_comparable(path), self._written):
            return (
                "is on another machine, which would be sent the name and password of whoever runs this; copy it here, "
                "or name its folder with --media"
            )
        if here or self._is_media(path):
            return None
        return "is no file in a folder that --media names, and senders on other machines may name no other"

    def _is_media(self, path: str) -> bool:
        """Whether it is a file in one of the folders, also after all links; nothing outside them is looked at."""
        parts = re.split(r"[\\/]", path)
        if not self._real or path.startswith("~") or ".." in parts or "\0" in path or any(map(_is_device, parts)):
            return False
        if os.name == "nt" and ":" in path[2:]:  # a stream of a file
            return False
        try:
            real = os.path.realpath(path)
            return any(_is_below(real, folder) for folder in self._real) and os.path.isfile(real)
        except (OSError, ValueError):
            return False


def _real_folder(folder: Path) -> str:
    real = os.path.realpath(folder.expanduser())
    if not os.path.isdir(real):
        raise ValueError(f"--media {folder}: there is no such folder")
    return real


def _path_in(named: str) -> str | None:
    """The path that a text names: a plain one, or that of a file: address; None for any other address."""
    scheme, colon, rest = named.partition(":")
    if not colon or DRIVE.match(named) or not SCHEME.fullmatch(scheme.lower()):
        return named
    return rest if scheme.lower() == "file" else None


def _is_share(path: str) -> bool:
    """Whether it begins as a path to another machine, or to a device, does; ///home is this one's, but on Windows."""
    return SHARE.match(path) is not None and (os.name == "nt" or not path.startswith("///"))


def _is_device(part: str) -> bool:
    return DEVICE.fullmatch(re.split(r"[.:]", part)[0].rstrip(" ")) is not None


def _comparable(path: str) -> str:
    """A path as it is written, so that two can be compared without asking a disk, or another machine."""
    return path.replace("\\", "/").rstrip("/").casefold()


def _is_inside(path: str, folders: Iterable[str]) -> bool:
    return ".." not in PurePosixPath(path).parts and any(path.startswith(f"{folder}/") for folder in folders)


def _is_below(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([path, folder]) == folder and path != folder
    except ValueError:  # on another drive
        return False
