"""A small readable file that outlives the program, and a crash in the middle of writing it."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

VERSION = 1
LARGEST = 16 * 1024 * 1024
"""Bytes; a file beyond that is not one of ours."""


class JsonStore:
    """JSON at `path`: {"vace": kind, "version": 1, "content": {...}}. kind says what it is, so that no other is read.

    None is a file that is never there and never written.
    """

    def __init__(self, path: Path | None, kind: str) -> None:
        self.path, self._kind = path, kind

    def read(self) -> dict[str, Any]:
        """The content; {} if there is no file yet.

        A file that is not what it should be is put aside under another name, so that nothing is lost when this one
        is written, and an error is logged. Raises OSError if it can be neither read nor put aside.
        """
        if self.path is None:
            return {}
        try:
            return self._content(self.path)
        except FileNotFoundError:
            return {}
        except ValueError as reason:
            aside = _free_name(self.path)
            os.replace(self.path, aside)
            log.error("%s is not a file of %s (%s); it was put aside as %s", self.path, self._kind, reason, aside.name)
            return {}

    def write(self, content: dict[str, Any]) -> None:
        """Replace the file as a whole: after a crash it is either the old or the new one. Raises OSError."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"vace": self._kind, "version": VERSION, "content": content}, indent=1, ensure_ascii=False)
        unfinished = self.path.with_name(f"{self.path.name}.{os.getpid()}.unfinished")
        try:
            with open(unfinished, "w", encoding="utf-8", newline="\n") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self.path)
        finally:
            unfinished.unlink(missing_ok=True)

    def _content(self, path: Path) -> dict[str, Any]:
        """ValueError if it is not what it should be."""
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST >> 20} MB")
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as reason:
            raise ValueError(f"it is damaged: {str(reason).splitlines()[0]}") from reason
        if not isinstance(read, dict) or read.get("vace") != self._kind or not isinstance(read.get("content"), dict):
            raise ValueError("it holds something else")
        if read.get("version") != VERSION:
            raise ValueError(f"it is of version {read.get('version')!r}, and this program knows {VERSION}")
        return read["content"]


def _free_name(path: Path) -> Path:
    """`presets.json` -> `presets.json.aside`, or the first of `presets.json.aside2`, ... that there is not yet."""
    number = 1
    while (aside := path.with_name(f"{path.name}.aside{number if number > 1 else ''}")).exists():
        number += 1
    return aside
