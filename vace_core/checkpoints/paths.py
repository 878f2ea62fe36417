"""Paths that people and other programs write: whatever one leads to, it is told in a line and nobody waits for it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

LARGEST_TEXT = 16_000_000
"""Bytes of a file of JSON."""
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What a path may lead to that is no file: reading some of these never ends."""


def expanded(path: Path) -> Path:
    """With the user's home in place of `~`. CheckpointError where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError as reason:
        raise CheckpointError(f"{path}: nobody is called {path.parts[0]} here; write the whole path") from reason


def is_file(path: Path) -> bool:
    """Whether a regular file, or a link to one, is there; False also for what cannot be a path."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether a folder is there; False also for what cannot be a path."""
    return stat.S_ISDIR(_mode(path))


def require_file(path: Path, fix: str = "give the path of a file") -> int:
    """Bytes of a regular file. CheckpointError, with `fix`, for what is not there, is no such file or cannot be one."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as reason:
        raise CheckpointError(f"there is no {path}; {fix}") from reason
    except (OSError, ValueError) as reason:
        raise CheckpointError(f"{path} cannot be opened ({_why(reason)}); {fix}") from reason
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "no file")
        raise CheckpointError(f"{path} is {kind}, expected a file; {fix}")
    return found.st_size


def read_json(path: Path) -> Any:
    """What a file of JSON holds, with or without a byte-order mark. CheckpointError for what cannot be read as that."""
    size = require_file(path)
    if size > LARGEST_TEXT:
        raise CheckpointError(f"{path} has {size} bytes, at most {LARGEST_TEXT} are read of a file of JSON")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as reason:
        raise CheckpointError(f"{path} cannot be read ({_why(reason)})") from reason
    except UnicodeDecodeError as reason:
        raise CheckpointError(f"{path} is not text ({reason}); save it as UTF-8") from reason
    except (ValueError, RecursionError) as reason:
        raise CheckpointError(f"{path} is not JSON ({reason}); a backslash in a path is written \\\\ or /") from reason


def _mode(path: Path) -> int:
    try:
        return os.stat(path).st_mode
    except (OSError, ValueError):  # nothing there, or nothing that could be
        return 0


def _why(reason: OSError | ValueError) -> str:
    return getattr(reason, "strerror", None) or str(reason)
