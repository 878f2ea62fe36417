"""A small readable file that outlives the program, and a crash in the middle of writing it.

Several programs may keep theirs in one file: who changes it holds a lock meanwhile, so that nobody's change is lost.
"""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
from filelock import AcquireReturnProxy, FileLock, Timeout

log = logging.getLogger(__name__)

VERSION = 1
LARGEST = 16 * 1024 * 1024
"""Bytes; a file beyond that is not one of ours."""
DEEPEST = 32
"""Lists and objects within each other; a file that goes deeper is not one of ours."""
LOCK_SECONDS = 3.0
"""How long another program's change is waited for."""
Content = dict[str, Any]


class JsonStore:
    """JSON at `path`: {"vace": kind, "version": 1, "content": {...}}. kind says what it is, so that no other is read.

    None is a file that is never there and never written. Beside the file lies another, `.lock`, which is locked while
    one is changed; the system unlocks it when its holder dies.
    """

    def __init__(self, path: Path | None, kind: str) -> None:
        self.path, self._kind = path, kind
        self._seen: tuple[int, ...] | None = None
        self._swept = False

    def read(self) -> Content:
        """The content; {} if there is no file yet, or none that can be read. Never raises.

        A file that is not what it should be is put aside under another name, so that nothing is lost when this one
        is written; one that can't be opened is left as it is. Both are told in the log.
        """
        try:
            return self._held() or {}
        except OSError as reason:
            log.error("%s cannot be read (%s); the %s in it are left as they are", self.path, reason, self._kind)
            return {}

    def write(self, content: Content) -> None:
        """Replace the file as a whole: after a crash it is either the old or the new one. Raises OSError."""
        self.update(lambda _: content)

    def update(self, change: Callable[[Content | None], Content]) -> Content:
        """Replace the content by what `change` makes of it, while no other program can; returns the new content.

        change(content) is given None if there is no file, or none of ours. Raises OSError, and has then changed
        nothing: if the file can be neither read nor put aside, or another program holds it for too long.
        """
        if self.path is None:
            return change(None)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(self.path):
            held = self._held()
            content = change(held)
            if content != held:
                self._replace(self.path, content)
        return content

    def changed(self) -> bool:
        """Whether the file is another than it was when this program last read or wrote it."""
        return self.path is not None and _identity(self.path) != self._seen

    def _locked(self, path: Path) -> AcquireReturnProxy:
        """Takes the lock, and releases it when `with` ends. Raises OSError."""
        try:
            return FileLock(f"{path}.lock", timeout=LOCK_SECONDS).acquire()
        except Timeout:
            raise TimeoutError(f"another program has held {path} for {LOCK_SECONDS:g} s; it is tried again") from None
        except NotImplementedError as reason:
            raise OSError(f"{path} lies where files can't be locked ({reason}); choose another --presets") from None

    def _held(self) -> Content | None:
        """What is in the file; None if there is none, or it was put aside. Raises OSError."""
        if self.path is None:
            return None
        self._sweep(self.path)
        seen, content = _identity(self.path), None
        try:
            content = self._content(self.path)
        except FileNotFoundError:
            pass
        except ValueError as reason:
            aside = _free_name(self.path)
            os.replace(self.path, aside)
            log.error("%s is not a file of %s (%s); it was put aside as %s", self.path, self._kind, reason, aside.name)
            seen = None
        self._seen = seen
        return content

    def _content(self, path: Path) -> Content:
        """ValueError if it is not what it should be."""
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no file")
        if status.st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST >> 20} MB")
        try:
            read = json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as reason:
            raise ValueError(f"it is damaged: {str(reason).splitlines()[0]}") from reason
        if not isinstance(read, dict) or read.get("vace") != self._kind or not isinstance(read.get("content"), dict):
            raise ValueError("it holds something else")
        if read.get("version") != VERSION:
            raise ValueError(f"it is of version {read.get('version')!r}, and this program knows {VERSION}")
        if _is_deeper(read, DEEPEST):
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        return read["content"]

    def _replace(self, path: Path, content: Content) -> None:
        text = json.dumps({"vace": self._kind, "version": VERSION, "content": content}, indent=1, ensure_ascii=False)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
        try:
            with open(unfinished, "wb") as file:
                # Half of a surrogate pair, which JSON can hold and UTF-8 can't, is written as JSON's own escape.
                file.write((text + "\n").encode("utf-8", "backslashreplace"))
                file.flush()
                os.fsync(file.fileno())
            written = _identity(unfinished)
            os.replace(unfinished, path)
            self._seen = written
        finally:
            unfinished.unlink(missing_ok=True)

    def _sweep(self, path: Path) -> None:
        """Remove, once, what programs that were killed while they wrote have left."""
        if self._swept:
            return
        self._swept = True
        try:
            for left in path.parent.glob(f"{_literal(path.name)}.*.unfinished"):
                writer = left.name.split(".")[-2]
                if writer.isdecimal() and not psutil.pid_exists(int(writer)):
                    left.unlink(missing_ok=True)
        except OSError as reason:
            log.warning("what was left beside %s cannot be removed (%s)", path, reason)


def _identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file from a later one of its name; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects lie within each other by more than so many levels."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [inner for each in layer for inner in _inside(each)]
    return bool(layer)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _literal(name: str) -> str:
    """A name as a pattern that means it alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _free_name(path: Path) -> Path:
    """`presets.json` -> `presets.json.aside`, or the first of `presets.json.aside2`, ... that there is not yet."""
    number = 1
    while (aside := path.with_name(f"{path.name}.aside{number if number > 1 else ''}")).exists():
        number += 1
    return aside
