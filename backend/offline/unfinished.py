"""A file that takes its place once it is whole: until then it has another name, and what was there stays."""

from __future__ import annotations

import os
import platform
import re
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bridge.errors import BridgeError
from bridge.files import shown

PATTERN = re.compile(r"\.vace-unfinished-([0-9a-f]+)-(\d+)-(\d+)-[0-9a-f]+\..*")
"""The machine, the process, when that began, and a part that is drawn."""
SAME_START_SECONDS = 2


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """A path beside `target` to write a file to, which is renamed to it when the block ends, and removed if it raises.

    What others left behind in that folder when they were killed is removed first. Raises BridgeError where the target
    can't be replaced; the file then stays under the name that the message tells.
    """
    sweep(target.parent)
    path = target.with_name(f"{_mine()}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield path
    except BaseException:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise
    try:
        os.replace(path, target)
    except OSError as reason:
        raise BridgeError(
            f"{shown(target)} cannot be replaced ({reason.strerror}); what was to be written there is whole in {path}"
        ) from reason


def sweep(folder: Path) -> None:
    """Remove what programs on this machine that have ended since left unfinished in a folder."""
    for path in folder.glob(".vace-unfinished-*"):
        found = PATTERN.fullmatch(path.name)
        if found and found[1] == _machine() and not _is_running(int(found[2]), int(found[3])):
            with suppress(OSError):
                path.unlink()


def _mine() -> str:
    return f".vace-unfinished-{_machine()}-{os.getpid()}-{round(psutil.Process().create_time())}"


def _machine() -> str:
    """A folder may be another machine's too, whose processes are not known here."""
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _is_running(process: int, began: int) -> bool:
    try:
        return abs(psutil.Process(process).create_time() - began) <= SAME_START_SECONDS
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # another user's
        return True
