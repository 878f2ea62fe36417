"""A stand-in for the named objects of Windows: as strict as it, gone with the last handle, sizes in whole pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

PAGE = 4096


class Machine:
    """What all processes see. textures: what a shared handle stands for, `[H, W, 4]` in the order of its format."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.textures: dict[int, Any] = {}
        self.guard = threading.RLock()

    def process(self, program: str = r"C:\python\python.exe") -> Process:
        return Process(self, program)


class Process:
    """The objects as one process has them; they go with it."""

    def __init__(self, machine: Machine, program: str) -> None:
        self.machine = machine
        self.program = program
        self.handles: list[Handle] = []

    def kill(self) -> None:
        for handle in list(self.handles):
            handle.close()

    def create_memory(self, name: str, size: int) -> MemoryHandle:
        return MemoryHandle(self, name, lambda: MemoryObject(-(-size // PAGE) * PAGE))

    def open_memory(self, name: str) -> MemoryHandle | None:
        known = self.machine.objects.get(name)
        return MemoryHandle(self, name, lambda: known) if isinstance(known, MemoryObject) else None

    def mutex(self, name: str) -> MutexHandle:
        return MutexHandle(self, name, MutexObject)

    def create_semaphore(self, name: str, count: int) -> SemaphoreHandle:
        return SemaphoreHandle(self, name, lambda: SemaphoreObject(count))

    def open_semaphore(self, name: str) -> SemaphoreHandle | None:
        known = self.machine.objects.get(name)
        return SemaphoreHandle(self, name, lambda: known) if isinstance(known, SemaphoreObject) else None

    def event(self, name: str) -> EventHandle:
        return EventHandle(self, name, EventObject)


class Object:
    def __init__(self) -> None:
        self.handles = 0


class MemoryObject(Object):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.bytes = bytearray(size)


class MutexObject(Object):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()


class SemaphoreObject(Object):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count


class EventObject(Object):
    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()


class Handle:
    kind: type[Object]

    def __init__(self, process: Process, name: str, make: Callable[[], Any]) -> None:
        with process.machine.guard:
            self.object = process.machine.objects.get(name) or make()
            assert isinstance(self.object, self.kind), f"{name} is something else"
            process.machine.objects[name] = self.object
            self.object.handles += 1
        self.process, self.name, self.open = process, name, True
        process.handles.append(self)

    def close(self) -> None:
        if not self.open:
            return
        with self.process.machine.guard:
            self.open = False
            self.process.handles.remove(self)
            self.object.handles -= 1
            if self.object.handles == 0:
                del self.process.machine.objects[self.name]


class MemoryHandle(Handle):
    kind = MemoryObject

    def __init__(self, process: Process, name: str, make: Callable[[], Any]) -> None:
        super().__init__(process, name, make)
        self.data = memoryview(self.object.bytes)

    def close(self) -> None:
        self.data = memoryview(b"")
        super().close()


class MutexHandle(Handle):
    kind = MutexObject

    def lock(self, seconds: float) -> bool:
        assert self.open
        return self.object.lock.acquire(timeout=seconds)

    def unlock(self) -> None:
        assert self.open
        self.object.lock.release()  # RuntimeError for a thread that does not hold it


class SemaphoreHandle(Handle):
    kind = SemaphoreObject

    def acquire(self) -> bool:
        assert self.open
        with self.process.machine.guard:
            if self.object.count == 0:
                return False
            self.object.count -= 1
            return True

    def give(self, count: int) -> int:
        assert self.open
        with self.process.machine.guard:
            before = self.object.count
            self.object.count += count
            return before


class EventHandle(Handle):
    kind = EventObject

    def set(self) -> None:
        self.object.event.set()

    def wait(self, seconds: float) -> bool:
        came = self.object.event.wait(seconds)
        self.object.event.clear()
        return came
