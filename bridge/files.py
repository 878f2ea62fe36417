"""Files that somebody names: what of them may be opened, how large a picture may be, and what may be written over."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from .errors import BridgeError

MOST_PIXELS = 2**26
"""Of a picture, or of a frame of a clip: 8192 x 8192, which is 192 MB in RGB."""
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
TOO_MANY = f"{MOST_PIXELS // 10**6} million are the most that can be held; make it smaller"
MOST_SHOWN = 200
"""Characters of a name that a message shows."""


def expanded(path: str | Path) -> Path:
    """A path as a person writes it, with `~` for the folder of a user. Raises BridgeError for a user not known here."""
    if not str(path):
        raise BridgeError("the path of a file is empty; write file:PATH, or just PATH where a file is wanted")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise BridgeError(f"{shown(path)}: there is no such user on this machine; write the whole path") from None


def regular_file(path: str | Path, most_bytes: int | None = None) -> Path:
    """The path, expanded, of a file that is there and is one: no folder, pipe, socket or device, by a link either.

    Raises BridgeError for anything else, and for one of more than `most_bytes`; what waits for ever is never opened.
    """
    found = expanded(path)
    status = _status(found)
    if status is None:
        raise BridgeError(f"there is no file {shown(found)}; check the path")
    if not stat.S_ISREG(status.st_mode):
        raise BridgeError(f"{shown(found)} is {_kind(status.st_mode)}, not a file; give the path of a file")
    if most_bytes is not None and status.st_size > most_bytes:
        raise BridgeError(
            f"{shown(found)} has {status.st_size >> 20} MB, and {most_bytes >> 20} MB are read; give a smaller file"
        )
    return found


def writable_file(path: str | Path) -> Path:
    """The path, expanded, of a file that can be written: a new one in a folder that is there, or one that is a file.

    Raises BridgeError for anything else; a pipe or a device is never opened.
    """
    found = expanded(path)
    status = _status(found)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise BridgeError(f"{shown(found)} is {_kind(status.st_mode)}, not a file; give another name to write to")
    if not found.parent.is_dir():
        raise BridgeError(f"{shown(found)} cannot be written (there is no such folder); check its folder")
    return found


def refuse_own_input(target: str | Path, inputs: Iterable[str | Path]) -> None:
    """Raise BridgeError if writing to `target` would destroy one of `inputs`, whatever way either is written.

    Both are paths or frame addresses; those that are no files are passed over. The same file is found by `~`, by links
    and by hard links. Called before anything is opened to be written.
    """
    written = _existing(target)
    if written is None:
        return
    for given in inputs:
        read = _existing(given)
        if read is not None and os.path.samestat(written, read):
            raise BridgeError(
                f"{shown(target)} would be written over itself: it is the input {shown(given)}; "
                "choose another file to write"
            )


def check_pixels(width: int, height: int, name: str | Path) -> None:
    """Raise BridgeError for a picture that has no pixels, or more than a show can hold. name: of the file."""
    if width < 1 or height < 1:
        raise BridgeError(f"{shown(name)} says that it has {width} x {height} pixels; save it again")
    if width * height > MOST_PIXELS:
        raise BridgeError(f"{shown(name)} has {width} x {height} pixels; {TOO_MANY}")


def is_heic(path: Path) -> bool:
    """Whether a regular file is a HEIC picture, of which FFmpeg would give one tile."""
    head = _head(path)
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def is_animated_webp(path: Path) -> bool:
    """Whether a regular file is a WebP that moves, which FFmpeg takes for a damaged one."""
    head = _head(path)
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)


def shown(path: str | Path) -> str:
    """A name as a message shows it: in one line, however long it is and whatever is in it."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(path))
    half = MOST_SHOWN // 2
    return text if len(text) <= MOST_SHOWN else f"{text[:half]}...{text[-half:]}"


def without_scheme(address: str | Path) -> Path:
    """The path in a frame address `file:PATH`, or the path that was given."""
    return Path(str(address).removeprefix("file:"))


def _head(path: Path) -> bytes:
    """The first 21 bytes, filled up with zeros; zeros alone if it can't be read, which opening it tells."""
    try:
        with path.open("rb") as file:
            return file.read(21).ljust(21, b"\0")
    except OSError:
        return bytes(21)


def _status(path: Path) -> os.stat_result | None:
    """Of what a path leads to; None where there is nothing. Raises BridgeError where that can't be told."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise BridgeError(f"{shown(path)} may not be read; change its permissions") from None
    except OSError as error:  # a name too long, a circle of links
        raise BridgeError(f"{shown(path)} cannot be the path of a file ({error.strerror}); check it") from None
    except ValueError as error:  # a zero byte, or half a letter
        raise BridgeError(f"{shown(path)} cannot be the path of a file ({error}); check it") from None


def _existing(address: str | Path) -> os.stat_result | None:
    """Of a file that is there; None for all else, which is refused where it is opened."""
    try:
        return _status(expanded(without_scheme(address)))
    except BridgeError:
        return None


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for test, name in kinds if test(mode)), "something else")
