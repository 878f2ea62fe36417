"""Disks and folders: room for what is written, and whether it may be written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from .finding import Finding, fault, gigabytes, ok

NEEDED = 2e9
"""Bytes free, below which a recording or an update may not fit."""


def space(what: str, folder: Path, option: str, free: Callable[[Path], int]) -> Finding:
    """Check that there is room where a folder lies, or will. free: bytes that are free there."""
    name, left = f"Disk, {what}", free(folder)
    if left < NEEDED:
        fix = f"Free at least {gigabytes(NEEDED - left)}{f', or name another folder with {option}' if option else ''}."
        return fault(name, f"Only {gigabytes(left)} are free for {folder}.", fix)
    return ok(name, f"{gigabytes(left)} are free for {folder}.")


def writable(what: str, folder: Path, option: str) -> Finding:
    """Check that files can be made in a folder, or in the one that it would be made in; nothing is left behind."""
    name = f"Folder, {what}"
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    fix = f"Name another folder with {option}, or give yourself the right to write there."
    if there is None:
        return fault(name, f"There is no disk for {folder}.", fix)
    if not there.is_dir():
        return fault(name, f"{there} is a file, where a folder should be.", f"Move it away, or use {option}.")
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\0")
    except OSError as reason:
        return fault(
            name,
            f"{there} cannot be written ({reason.strerror or reason}).",
            f'{fix} On Windows, "Controlled folder access" of Windows Security may forbid it, too.'
            if isinstance(reason, PermissionError)
            else fix,
        )
    return ok(name, f"{folder} can be written." if there == folder else f"{folder} can be made when it is needed.")
