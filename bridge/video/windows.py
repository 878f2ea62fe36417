"""Named objects of Windows, by which processes share memory and wait for each other. Imported anywhere, used there.

Names are those of the Win32 calls, without a prefix: local to the person's session.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ..errors import BridgeError

LOCK_SECONDS = 0.5
"""A lock that somebody holds for longer is told about rather than waited for."""
READ_WRITE_PAGES = 0x04
MAP_READ_WRITE = 0x0006
EVERYTHING_ON_SEMAPHORES = 0x1F0003
SIGNALLED, ABANDONED = 0x00, 0x80
MOST_COUNTS = 2**31 - 1
PATH_LETTERS = 1024


class Memory(Protocol):
    """A mapping that is open. data: all of it, read and write, its size a multiple of a page; gone after `close`."""

    data: memoryview

    def close(self) -> None: ...


class Mutex(Protocol):
    def lock(self, seconds: float) -> bool:
        """Whether the calling thread has it now; also true where its last owner died with it."""
        ...

    def unlock(self) -> None: ...

    def close(self) -> None: ...


class Semaphore(Protocol):
    def acquire(self) -> bool:
        """Count one down, at once or not at all."""
        ...

    def give(self, count: int) -> int:
        """Count up; returns the count before."""
        ...

    def close(self) -> None: ...


class Event(Protocol):
    """Falls back by itself once one waiting thread was let through."""

    def set(self) -> None: ...

    def wait(self, seconds: float) -> bool: ...

    def close(self) -> None: ...


class NamedObjects(Protocol):
    """Where the objects come from: `windows_objects()`, or a stand-in. Raises BridgeError for what can't be made."""

    program: str
    """The path of this process's program."""

    def create_memory(self, name: str, size: int) -> Memory:
        """New, or, with the size that it was made with, what is there already."""
        ...

    def open_memory(self, name: str) -> Memory | None: ...

    def mutex(self, name: str) -> Mutex: ...

    def create_semaphore(self, name: str, count: int) -> Semaphore: ...

    def open_semaphore(self, name: str) -> Semaphore | None: ...

    def event(self, name: str) -> Event: ...


@contextmanager
def locked(objects: NamedObjects, name: str) -> Iterator[None]:
    """Hold the mutex of that name. Raises BridgeError if another program does not let go of it."""
    mutex = objects.mutex(name)
    try:
        if not mutex.lock(LOCK_SECONDS):
            raise BridgeError(f"another program keeps {name!r} locked; end the one that hangs, and try again")
        try:
            yield
        finally:
            mutex.unlock()
    finally:
        mutex.close()


def windows_objects(what: str) -> NamedObjects:
    """The objects of this Windows; BridgeError elsewhere. what: the scheme that needs them."""
    if sys.platform != "win32":
        raise BridgeError(f"{what}: exists on Windows only; on this machine use shm:NAME, ndi:NAME, or a file")
    return _Windows()


class _Region(ctypes.Structure):
    """MEMORY_BASIC_INFORMATION."""

    _fields_ = (
        ("base", ctypes.c_void_p),
        ("allocation", ctypes.c_void_p),
        ("allocation_protection", ctypes.c_uint32),
        ("partition", ctypes.c_uint16),
        ("size", ctypes.c_size_t),
        ("state", ctypes.c_uint32),
        ("protection", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
    )


class _Windows:
    def __init__(self) -> None:
        self._kernel = _kernel()
        path = ctypes.create_unicode_buffer(PATH_LETTERS)  # not sys.executable, which in a .venv only starts this one
        self._kernel.GetModuleFileNameW(None, path, PATH_LETTERS)
        self.program = path.value

    def create_memory(self, name: str, size: int) -> Memory:
        no_file = ctypes.c_void_p(-1)
        handle = self._kernel.CreateFileMappingW(no_file, None, READ_WRITE_PAGES, size >> 32, size & 0xFFFFFFFF, name)
        if not handle:
            raise _failure(f"shared memory {name!r} of {size} bytes")
        return _MappedMemory(self._kernel, handle, name)

    def open_memory(self, name: str) -> Memory | None:
        handle = self._kernel.OpenFileMappingW(MAP_READ_WRITE, False, name)
        return _MappedMemory(self._kernel, handle, name) if handle else None

    def mutex(self, name: str) -> Mutex:
        return _Waitable(self._kernel, self._kernel.CreateMutexW(None, False, name), f"the lock {name!r}")

    def create_semaphore(self, name: str, count: int) -> Semaphore:
        handle = self._kernel.CreateSemaphoreW(None, count, MOST_COUNTS, name)
        return _Waitable(self._kernel, handle, f"the counter {name!r}")

    def open_semaphore(self, name: str) -> Semaphore | None:
        handle = self._kernel.OpenSemaphoreW(EVERYTHING_ON_SEMAPHORES, False, name)
        return _Waitable(self._kernel, handle, name) if handle else None

    def event(self, name: str) -> Event:
        return _Waitable(self._kernel, self._kernel.CreateEventW(None, False, False, name), f"the event {name!r}")


class _MappedMemory:
    def __init__(self, kernel: ctypes.CDLL, handle: int, name: str) -> None:
        self._kernel, self._handle = kernel, handle
        self._address = kernel.MapViewOfFile(handle, MAP_READ_WRITE, 0, 0, 0)
        if not self._address:
            failure = _failure(f"a view of shared memory {name!r}")
            kernel.CloseHandle(handle)
            raise failure
        region = _Region()
        kernel.VirtualQuery(self._address, ctypes.byref(region), ctypes.sizeof(region))
        self.data = memoryview((ctypes.c_ubyte * region.size).from_address(self._address)).cast("B")

    def close(self) -> None:
        if self._address:
            self.data = memoryview(b"")
            self._kernel.UnmapViewOfFile(self._address)
            self._kernel.CloseHandle(self._handle)
            self._address = None


class _Waitable:
    """A mutex, a semaphore or an event: what each can do is in its protocol."""

    def __init__(self, kernel: ctypes.CDLL, handle: int | None, what: str) -> None:
        if not handle:
            raise _failure(what)
        self._kernel, self._handle = kernel, handle

    def wait(self, seconds: float) -> bool:
        return self._kernel.WaitForSingleObject(self._handle, round(1000 * seconds)) in (SIGNALLED, ABANDONED)

    lock = wait

    def unlock(self) -> None:
        self._kernel.ReleaseMutex(self._handle)

    def acquire(self) -> bool:
        return self.wait(0)

    def give(self, count: int) -> int:
        before = ctypes.c_int32()
        self._kernel.ReleaseSemaphore(self._handle, count, ctypes.byref(before))
        return before.value

    def set(self) -> None:
        self._kernel.SetEvent(self._handle)

    def close(self) -> None:
        if self._handle:
            self._kernel.CloseHandle(self._handle)
            self._handle = None


def _kernel() -> ctypes.CDLL:
    """kernel32 with the types of what is called here: handles and addresses do not fit an int."""
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    handle, text, number, flag = ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32, ctypes.c_int32
    for name, result, *arguments in (
        ("CreateFileMappingW", handle, handle, handle, number, number, number, text),
        ("OpenFileMappingW", handle, number, flag, text),
        ("MapViewOfFile", handle, handle, number, number, number, ctypes.c_size_t),
        ("UnmapViewOfFile", flag, handle),
        ("VirtualQuery", ctypes.c_size_t, handle, handle, ctypes.c_size_t),
        ("CreateMutexW", handle, handle, flag, text),
        ("ReleaseMutex", flag, handle),
        ("CreateSemaphoreW", handle, handle, flag, flag, text),
        ("OpenSemaphoreW", handle, number, flag, text),
        ("ReleaseSemaphore", flag, handle, flag, handle),
        ("CreateEventW", handle, handle, flag, flag, text),
        ("SetEvent", flag, handle),
        ("WaitForSingleObject", number, handle, number),
        ("CloseHandle", flag, handle),
        ("GetModuleFileNameW", number, handle, text, number),
    ):
        function = getattr(kernel, name)
        function.restype, function.argtypes = result, arguments
    return kernel


def _failure(what: str) -> BridgeError:
    reason = ctypes.FormatError(ctypes.get_last_error()).strip()  # type: ignore[attr-defined]
    return BridgeError(f"{what} can't be had ({reason}); choose another name, or close what uses it")
