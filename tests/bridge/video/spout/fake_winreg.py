"""A stand-in for Python's winreg: keys of the current user by their path, and the (value, type) of each name in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

REG_SZ, REG_DWORD = 1, 4


class FakeWinreg:
    HKEY_CURRENT_USER = object()
    REG_DWORD = REG_DWORD

    def __init__(self, keys: Mapping[str, Mapping[str, tuple[object, int]]]) -> None:
        self._keys = keys

    @contextmanager
    def OpenKey(self, root: object, path: str) -> Iterator[Mapping[str, tuple[object, int]]]:
        assert root is self.HKEY_CURRENT_USER
        if path not in self._keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        yield self._keys[path]

    def QueryValueEx(self, key: Mapping[str, tuple[object, int]], name: str) -> tuple[object, int]:
        if name not in key:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return key[name]
