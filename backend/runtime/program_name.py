"""The name that tells a program from others on the same machine: by it are called its log and what it keeps."""

from __future__ import annotations

import re
from pathlib import Path

DEFAULT = "vace"
VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def check_name(name: str) -> str:
    """The name; ValueError for one that no file can safely have."""
    if not VALID.fullmatch(name):
        raise ValueError(f"a name has 1 to 32 letters, digits, - and _, got {name[:60]!r}; for example left-wall")
    return name


def beside(path: Path, name: str, suffix: str) -> Path:
    """`presets.json` -> `presets.last.json`, and for the program "left" `presets.left.last.json`."""
    return path.with_suffix(suffix if name == DEFAULT else f".{name}{suffix}")
