"""Who sends through Spout on this machine: read, and announced, without the GPU and without Spout's own library.

The sender's pixels are in a texture on the GPU, which is none of this file's business (`spout.py`).
"""

from __future__ import annotations

from ...errors import BridgeError
from ..windows import Event, Memory, NamedObjects, Semaphore, locked
from .layout import (
    ACTIVE,
    INFO,
    NAME_BYTES,
    NAMES,
    USUAL_SENDERS,
    SenderInfo,
    capacity,
    counter_of,
    event_of,
    lock_of,
    packed_name,
    packed_names,
    unpacked_names,
)

ONE = 1
"""A counter begins at one, so that whoever looks can take one out and put it back."""


class SpoutRegistry:
    """The tables of this machine. Raises BridgeError where another program keeps one locked."""

    def __init__(self, objects: NamedObjects) -> None:
        self._objects = objects

    def senders(self) -> list[str]:
        """The names of all that are there. A program that was killed leaves its name in the list: it is left out."""
        return [name for name in self.listed() if self.info(name) is not None]

    def listed(self) -> list[str]:
        """The names in the list, of the living and the dead."""
        return unpacked_names(self._read(NAMES) or b"")

    def active(self) -> str | None:
        """The sender that was chosen last, or began first; None if there is none."""
        names = unpacked_names((self._read(ACTIVE) or b"")[:NAME_BYTES])
        return names[0] if names and self.info(names[0]) is not None else None

    def info(self, name: str) -> SenderInfo | None:
        """A sender's entry as it is now; None if there is no such sender."""
        data = self._read(name)
        return None if data is None or len(data) < INFO.size else SenderInfo.unpacked(data)

    def counter(self, name: str) -> FrameCounter | None:
        """The counter of a sender's frames. None if it has none: programs count only where Spout is set to."""
        semaphore = self._objects.open_semaphore(counter_of(name))
        return None if semaphore is None else FrameCounter(semaphore)

    def free_name(self, wanted: str) -> str:
        """`wanted`, or wanted_1, wanted_2 ... as Spout itself does it, if a living sender has that already."""
        packed_name(wanted)
        name, number = wanted, 0
        while self.info(name) is not None:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def forget_the_dead(self) -> None:
        """Take the names of killed programs off the list, so that they can be had again."""
        memory = self._objects.open_memory(NAMES)
        if memory is not None:
            try:
                with locked(self._objects, lock_of(NAMES)):
                    self._write_names(memory, self.senders())
            finally:
                memory.close()

    def announce(self, name: str, width: int, height: int, pixels: int, handle: int = 0) -> SenderEntry:
        """Be a sender: the name that was really taken is `SenderEntry.name`. pixels: a DXGI format."""
        list_memory = self._objects.create_memory(NAMES, USUAL_SENDERS * NAME_BYTES)
        try:
            with locked(self._objects, lock_of(NAMES)):
                taken = self.free_name(name)
                others = [other for other in self.senders() if other != taken]
                if len(others) >= capacity(len(list_memory.data)):
                    raise BridgeError(f"Spout's list has no room for another sender after {len(others)}; close one")
                entry = SenderEntry(self._objects, self, taken, list_memory)
                entry.update(width, height, pixels, handle)
                self._write_names(list_memory, [*others, taken])
                if self.active() is None:
                    self.choose(taken)
        except BridgeError:
            list_memory.close()
            raise
        return entry

    def choose(self, name: str) -> None:
        """Make a sender the active one. The table stays as long as any sender has it open."""
        memory = self._objects.create_memory(ACTIVE, NAME_BYTES)
        try:
            with locked(self._objects, lock_of(ACTIVE)):
                memory.data[:NAME_BYTES] = packed_name(name)
        finally:
            memory.close()

    def withdraw(self, name: str, memory: Memory) -> None:
        """Take a name off the list, after its entry is gone; another sender becomes the active one."""
        with locked(self._objects, lock_of(NAMES)):
            others = [other for other in self.senders() if other != name]
            self._write_names(memory, others)
            if others and self.active() is None:
                self.choose(others[0])

    def _read(self, table: str) -> bytes | None:
        memory = self._objects.open_memory(table)
        if memory is None:
            return None
        try:
            with locked(self._objects, lock_of(table)):
                return bytes(memory.data)
        finally:
            memory.close()

    def _write_names(self, memory: Memory, names: list[str]) -> None:
        data = packed_names(names)[: capacity(len(memory.data)) * NAME_BYTES]
        memory.data[: len(data)] = data


class FrameCounter:
    """How many frames a sender has sent, for whoever only looks."""

    def __init__(self, semaphore: Semaphore) -> None:
        self._semaphore = semaphore
        self._last = 0

    def read(self) -> int:
        """The count; the last one where somebody else looks at this very moment."""
        if self._semaphore.acquire():
            self._last = self._semaphore.give(1)
        return self._last

    def close(self) -> None:
        self._semaphore.close()


class SenderEntry:
    """A sender of ours in Spout's tables, until `close`."""

    def __init__(self, objects: NamedObjects, registry: SpoutRegistry, name: str, list_memory: Memory) -> None:
        self._objects, self._registry, self._list = objects, registry, list_memory
        self.name = name
        self._active = objects.create_memory(ACTIVE, NAME_BYTES)
        self._info = objects.create_memory(name, INFO.size)
        self._counter: Semaphore | None = None
        self._event: Event | None = None

    def update(self, width: int, height: int, pixels: int, handle: int = 0) -> None:
        """Another size, format or texture."""
        data = SenderInfo(handle, width, height, pixels, self._objects.program).packed()
        with locked(self._objects, lock_of(self.name)):
            self._info.data[: len(data)] = data

    def count_frame(self) -> None:
        """Tell that there is a new frame. The counter is there from the first one on."""
        if self._counter is None or self._event is None:
            self._counter = self._objects.create_semaphore(counter_of(self.name), ONE)
            self._event = self._objects.event(event_of(self.name))
        if self._counter.acquire():
            self._counter.give(2)
        self._event.set()

    def close(self) -> None:
        for part in (self._info, self._counter, self._event):
            if part is not None:
                part.close()
        try:
            self._registry.withdraw(self.name, self._list)
        finally:
            self._active.close()
            self._list.close()

    def __enter__(self) -> SenderEntry:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
