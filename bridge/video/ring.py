"""A ring of frames in shared memory, between processes: one writer, any number of readers, oldest dropped.

Layout, little endian, everything 8 bytes wide and aligned, so that each field is read and written in one piece:
    header   64 bytes: slots, bytes a slot, the owner's process id, frames written so far, when it was made, unused,
             then magic and format version, which are written last
    slot     64 bytes: turn, number, time (float64), height, width, channels, the number of the input frame that it
             source_number, unused, then the pixels up to a multiple of 64 bytes
The frame written as the n-th (from 0) lies in slot n % slots, whose `turn` is 2n + 1 while it is written and 2n + 2
from then on. A reader copies a slot and wants the turn of the frame it came for before and after: another one means
that the frame was overwritten meanwhile, and it is skipped. Nobody waits for anybody.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from ..errors import Absent, BridgeError
from .frames import Frame

log = logging.getLogger(__name__)

MAGIC = int.from_bytes(b"VACERIN\3", "little")
LINE = 64
"""Bytes of a header: a cache line, so that a reader polling one does not slow the writer of another."""
SLOTS, SLOT_BYTES, OWNER, WRITTEN, MADE, IDENTITY = 0, 1, 2, 3, 4, 7
TURN, NUMBER, TIME, HEIGHT, WIDTH, CHANNELS, SOURCE_NUMBER = range(7)


OWN_NAME = re.compile(r"vace[0-9a-f]{8}")
"""What a ring is called that is made for one show alone, so that nobody else ever takes it over."""
LINUX_MEMORY = "/dev/shm"


class FrameRing:
    """Made by `create` (the owner's side, which also unlinks) or `attach` (anyone else's).

    One process writes, not necessarily the owner; if it dies, another may go on. Not safe for two threads to write.
    """

    def __init__(self, memory: SharedMemory, slots: int, slot_bytes: int, owner: bool) -> None:
        self._order = threading.Lock()
        self.name = memory.name
        self.slots = slots
        self.slot_bytes = slot_bytes
        self._owner = owner
        self._gone: list[SharedMemory] = []
        self._use(memory)

    @classmethod
    def create(cls, name: str, slots: int, max_height: int, max_width: int, channels: int = 3) -> FrameRing:
        """Make a ring of `slots` frames of at most that size; BridgeError if the name is taken or cannot be one.

        A ring that a program left behind when it was killed is replaced.
        """
        slot_bytes = max_height * max_width * channels
        size = LINE + slots * _stride(slot_bytes)
        memory = _made(name, size)
        words = np.frombuffer(_bytes_of(memory), np.int64, count=LINE // 8)
        words[SLOTS], words[SLOT_BYTES], words[OWNER], words[MADE] = slots, slot_bytes, os.getpid(), time.time_ns()
        words[IDENTITY] = MAGIC
        return cls(memory, slots, slot_bytes, owner=True)

    @classmethod
    def attach(cls, name: str) -> FrameRing:
        """Open another process's ring; BridgeError if there is none of that name, or it is something else."""
        try:
            memory = _open(name)
        except (OSError, ValueError):
            raise Absent(f"there is no shared memory {name!r}; start its sender first") from None
        header = _header(memory)
        if header is None:
            memory.close()
            raise BridgeError(f"shared memory {name!r} is not a ring of frames; is it another program's?")
        return cls(memory, header[SLOTS], header[SLOT_BYTES], owner=False)

    @property
    def made(self) -> int:
        """When, in nanoseconds of the system's clock: a ring that was made anew under its name has another."""
        return int(self._words[MADE])

    @property
    def written(self) -> int:
        """Frames written since the ring was made."""
        return int(self._words[WRITTEN])

    def write(self, frame: Frame) -> None:
        """Put a frame over the oldest one. ValueError if it is larger than a slot."""
        height, width, channels = frame.pixels.shape
        size = height * width * channels
        if size > self.slot_bytes:
            raise ValueError(
                f"a frame of {width}x{height} in {channels} channels is {size} bytes, "
                f"but ring {self.name!r} was made for {self.slot_bytes}"
            )
        index = self.written
        slot, pixels = self._place(index)
        words = self._words
        words[slot + TURN] = 2 * index + 1
        self._fence()
        words[slot + NUMBER], words[slot + SOURCE_NUMBER] = frame.number, frame.source_number
        self._times[slot + TIME] = frame.time
        words[slot + HEIGHT], words[slot + WIDTH], words[slot + CHANNELS] = height, width, channels
        self._bytes[pixels : pixels + size].reshape(height, width, channels)[:] = frame.pixels
        self._fence()
        words[slot + TURN] = 2 * index + 2
        words[WRITTEN] = index + 1

    def latest(self) -> Frame | None:
        """A copy of the newest frame, None before the first."""
        while (written := self.written) > 0:
            frame = self._read(written - 1)
            if frame is not None or self.written == written:
                return frame
        return None

    def since(self, number: int) -> list[Frame]:
        """Copies of the frames with a number above `number` that are still held, in the order they were written."""
        written = self.written
        indices = range(max(0, written - self.slots), written)
        fresh = [index for index in indices if self._words[self._place(index)[0] + NUMBER] > number]
        return [frame for frame in map(self._read, fresh) if frame is not None and frame.number > number]

    def renew(self) -> bool:
        """Put the ring back under its name if somebody has removed it; whether that was so. For the owner.

        Linux may remove shared memory when a user logs out; Windows never does while somebody has it open. Whoever had
        the ring open goes on using the old one, and whoever opens it from now on gets the new one, with all that is in
        it. BridgeError if it can't be made.
        """
        if os.name != "posix" or self._memory is None or self._is_there():
            return False
        old, memory = self._memory, _made(self.name, LINE + self.slots * _stride(self.slot_bytes))
        _bytes_of(memory)[: len(self._bytes)] = self._bytes.tobytes()
        self._gone.append(old)  # another thread may be using it at this moment
        self._use(memory)
        return True

    def close(self) -> None:
        """Let go; the owner's close also removes the ring from the system. Safe to call twice."""
        if self._memory is None:
            return
        del self._bytes, self._words, self._times
        memory, self._memory = self._memory, None
        _let_go([memory, *self._gone])
        if self._owner:
            _unlink(memory)

    def __enter__(self) -> FrameRing:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _use(self, memory: SharedMemory) -> None:
        self._memory: SharedMemory | None = memory
        size = LINE + self.slots * _stride(self.slot_bytes)
        self._bytes = np.frombuffer(_bytes_of(memory), np.uint8, count=size)
        self._words = self._bytes.view(np.int64)
        self._times = self._bytes.view(np.float64)

    def _is_there(self) -> bool:
        """Whether what lies under the ring's name is this ring."""
        try:
            memory = _open(self.name)
        except (OSError, ValueError):
            return False
        header = _header(memory)
        memory.close()
        return header is not None and header[MADE] == self.made

    def _place(self, index: int) -> tuple[int, int]:
        """Where the frame written as the index-th lies: its header, in words, and its pixels, in bytes."""
        start = LINE + index % self.slots * _stride(self.slot_bytes)
        return start // 8, start + LINE

    def _read(self, index: int) -> Frame | None:
        """A copy of the frame written as the index-th, None if it was overwritten meanwhile."""
        slot, pixels = self._place(index)
        words, whole = self._words, 2 * index + 2
        if words[slot + TURN] != whole:
            return None
        self._fence()
        number, source_number, moment = (
            int(words[slot + NUMBER]),
            int(words[slot + SOURCE_NUMBER]),
            float(self._times[slot + TIME]),
        )
        height, width, channels = (int(words[slot + field]) for field in (HEIGHT, WIDTH, CHANNELS))
        size = height * width * channels
        if min(height, width, channels) < 0 or size > self.slot_bytes:  # whoever writes may write anything
            return None
        copy = self._bytes[pixels : pixels + size].copy()
        self._fence()
        if words[slot + TURN] != whole:
            return None
        return Frame(copy.reshape(height, width, channels), number, moment, source_number)

    def _fence(self) -> None:
        """Keep what is before in front of what is after, also where the processor may swap them (ARM).

        A release followed by an acquire is a full barrier; this is the one that Python has.
        """
        with self._order:
            pass
        with self._order:
            pass


def _stride(slot_bytes: int) -> int:
    """Bytes from one slot to the next."""
    return LINE + -(-slot_bytes // LINE) * LINE


def _bytes_of(memory: SharedMemory) -> memoryview:
    assert memory.buf is not None, "closed"
    return memory.buf


def _header(memory: SharedMemory) -> list[int] | None:
    """The words of a ring's header; None if it is no ring, or not one of that size."""
    if memory.size < LINE:
        return None
    words = np.frombuffer(_bytes_of(memory), np.int64, count=LINE // 8).tolist()
    slots, slot_bytes = words[SLOTS], words[SLOT_BYTES]
    sane = words[IDENTITY] == MAGIC and slots > 0 and slot_bytes > 0
    return words if sane and LINE + slots * _stride(slot_bytes) <= memory.size else None


_in_use: list[SharedMemory] = []
"""What could not be let go, as another thread was reading it at that moment."""


def _let_go(memories: list[SharedMemory]) -> None:
    """Close them, and what could not be closed before."""
    waiting = [*_in_use, *memories]
    _in_use.clear()
    for each in waiting:
        try:
            each.close()
        except BufferError:
            _in_use.append(each)


_tracking = threading.Lock()
"""Held wherever a segment is opened, made or removed, as opening one shuts the resource tracker's ears."""


def _open(name: str) -> SharedMemory:
    """Open a segment without vouching for it: before Python 3.13 every opener is made to remove it at exit."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    with _tracking:
        register = resource_tracker.register
        resource_tracker.register = lambda name, rtype: None if rtype == "shared_memory" else register(name, rtype)
        try:
            return SharedMemory(name)
        finally:
            resource_tracker.register = register


def _made(name: str, size: int) -> SharedMemory:
    try:
        return _create(name, size)
    except FileExistsError:
        taken = f"shared memory {name!r} is in use; close the program that sends there or choose another name"
        if not _remove_left_behind(name):
            raise BridgeError(taken) from None
    try:
        return _create(name, size)
    except FileExistsError:  # someone else was quicker
        raise BridgeError(taken) from None


def _create(name: str, size: int) -> SharedMemory:
    """A new segment, its memory set aside; FileExistsError if there is one, BridgeError if it cannot be had."""
    try:
        with _tracking:
            memory = SharedMemory(name, create=True, size=size)
        try:
            _set_aside(memory, size)
        except OSError:
            memory.close()
            _unlink(memory)
            raise
    except FileExistsError:
        raise
    except (OSError, ValueError) as reason:
        raise BridgeError(
            f"shared memory {name!r} of {size} bytes cannot be made ({reason}); choose another name, or free memory"
        ) from reason
    return memory


def _set_aside(memory: SharedMemory, size: int) -> None:
    """Take the memory now (OSError if there is not enough): else Linux kills whoever touches what is not there."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(memory._fd, 0, size)  # type: ignore[attr-defined]


def _remove_left_behind(name: str) -> bool:
    """Remove the ring of that name if the process that made it is no more; whether that was so.

    Only where segments outlive their processes: Windows removes them with the last one that has them open.
    """
    if os.name != "posix":
        return False
    try:
        memory = _open(name)
    except (OSError, ValueError):
        return False
    header = _header(memory)
    memory.close()
    if header is None or _alive(header[OWNER]):
        return False
    with _tracking:
        SharedMemory(name).unlink()
    return True


def sweep_left_behind() -> list[str]:
    """Remove the rings without a name of their own that killed programs have left, where they can be listed (Linux).

    Returns their names. Those that were given a name are replaced by whoever is given it next.
    """
    left = [name for name in _listed() if OWN_NAME.fullmatch(name) and _remove_left_behind(name)]
    if left:
        log.info("removed %d rings of frames that a killed program had left", len(left))
    return left


def _listed() -> list[str]:
    """The shared memory of this machine by name."""
    try:
        return os.listdir(LINUX_MEMORY)
    except OSError:
        return []


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _unlink(memory: SharedMemory) -> None:
    with _tracking:
        try:
            memory.unlink()
        except FileNotFoundError:  # whoever took the name over has removed it
            resource_tracker.unregister(f"/{memory.name}", "shared_memory")
