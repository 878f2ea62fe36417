"""A ring of frames in shared memory, between processes: one writer, any number of readers, oldest dropped.

Layout, little endian:
    header   magic 8s, format version u32, slots u32, bytes a slot u64, frames written so far i64
    slot     turn u64 (odd while it is written), number i64, time f64, height u32, width u32, channels u32, pad u32,
             then the pixels
A reader copies a slot and looks at `turn` before and after: if it moved, the frame was overwritten and is skipped.
Nobody waits for anybody.
"""

from __future__ import annotations

import struct
import sys
import threading
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from .frames import Frame
from .protocol import BridgeError

MAGIC = b"VACERING"
VERSION = 1
HEADER = struct.Struct("<8sIIQq")
WRITTEN = struct.Struct("<q")
WRITTEN_AT = HEADER.size - WRITTEN.size
TURN = struct.Struct("<Q")
SLOT = struct.Struct("<qdIIII")
SLOT_HEADER = TURN.size + SLOT.size


class FrameRing:
    """Made by `create` (the writer's side, which also unlinks) or `attach` (anyone else's)."""

    def __init__(self, memory: SharedMemory, slots: int, slot_bytes: int, owner: bool) -> None:
        self._memory: SharedMemory | None = memory
        self._buffer = _bytes_of(memory)
        self._pixels = np.frombuffer(self._buffer, dtype=np.uint8)
        self.name = memory.name
        self.slots = slots
        self.slot_bytes = slot_bytes
        self._owner = owner

    @classmethod
    def create(cls, name: str, slots: int, max_height: int, max_width: int, channels: int = 3) -> FrameRing:
        """Make a ring of `slots` frames of at most that size; BridgeError if the name is taken or cannot be one."""
        slot_bytes = max_height * max_width * channels
        size = HEADER.size + slots * (SLOT_HEADER + slot_bytes)
        try:
            memory = SharedMemory(name, create=True, size=size)
        except FileExistsError:
            raise BridgeError(f"shared memory {name!r} is taken; close its owner or choose another name") from None
        except (OSError, ValueError) as reason:
            raise BridgeError(f"shared memory {name!r} of {size} bytes cannot be made: {reason}") from reason
        HEADER.pack_into(_bytes_of(memory), 0, MAGIC, VERSION, slots, slot_bytes, 0)
        return cls(memory, slots, slot_bytes, owner=True)

    @classmethod
    def attach(cls, name: str) -> FrameRing:
        """Open another process's ring; BridgeError if there is none of that name, or it is something else."""
        try:
            memory = _open(name)
        except (FileNotFoundError, ValueError):
            raise BridgeError(f"there is no shared memory {name!r}; start its sender first") from None
        if memory.size < HEADER.size:
            memory.close()
            raise BridgeError(f"shared memory {name!r} is not a ring of frames")
        magic, version, slots, slot_bytes, _ = HEADER.unpack_from(_bytes_of(memory), 0)
        if magic != MAGIC or version != VERSION:
            memory.close()
            raise BridgeError(f"shared memory {name!r} is not a ring of frames of version {VERSION}")
        return cls(memory, slots, slot_bytes, owner=False)

    @property
    def written(self) -> int:
        """Frames written since the ring was made."""
        return WRITTEN.unpack_from(self._buffer, WRITTEN_AT)[0]

    def write(self, frame: Frame) -> None:
        """Put a frame over the oldest one. ValueError if it is larger than a slot."""
        height, width, channels = frame.pixels.shape
        size = height * width * channels
        if size > self.slot_bytes:
            raise ValueError(
                f"a frame of {width}x{height} in {channels} channels is {size} bytes, "
                f"but ring {self.name!r} was made for {self.slot_bytes}"
            )
        written = self.written
        start = self._start(written)
        turn = TURN.unpack_from(self._buffer, start)[0]
        TURN.pack_into(self._buffer, start, turn + 1 | 1)
        SLOT.pack_into(self._buffer, start + TURN.size, frame.number, frame.time, height, width, channels, 0)
        pixels = start + SLOT_HEADER
        self._pixels[pixels : pixels + size].reshape(height, width, channels)[:] = frame.pixels
        TURN.pack_into(self._buffer, start, (turn + 1 | 1) + 1)
        WRITTEN.pack_into(self._buffer, WRITTEN_AT, written + 1)

    def latest(self) -> Frame | None:
        """A copy of the newest frame, None before the first."""
        while (written := self.written) > 0:
            frame = self._read(written - 1)
            if frame is not None or self.written == written:
                return frame
        return None

    def since(self, number: int) -> list[Frame]:
        """Copies of the frames with a number above `number` that are still held, oldest first."""
        written = self.written
        indices = range(max(0, written - self.slots), written)
        fresh = [
            index for index in indices if SLOT.unpack_from(self._buffer, self._start(index) + TURN.size)[0] > number
        ]
        return [frame for frame in map(self._read, fresh) if frame is not None and frame.number > number]

    def close(self) -> None:
        """Let go; the owner's close also removes the ring from the system. Safe to call twice."""
        if self._memory is None:
            return
        del self._pixels, self._buffer
        memory, self._memory = self._memory, None
        memory.close()
        if self._owner:
            memory.unlink()

    def __enter__(self) -> FrameRing:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _start(self, index: int) -> int:
        return HEADER.size + index % self.slots * (SLOT_HEADER + self.slot_bytes)

    def _read(self, index: int) -> Frame | None:
        """A copy of the frame written as the index-th, None if it was overwritten meanwhile."""
        start = self._start(index)
        before = TURN.unpack_from(self._buffer, start)[0]
        if before & 1:
            return None
        number, time, height, width, channels, _ = SLOT.unpack_from(self._buffer, start + TURN.size)
        size = height * width * channels
        if size > self.slot_bytes:
            return None
        pixels = start + SLOT_HEADER
        copy = self._pixels[pixels : pixels + size].reshape(height, width, channels).copy()
        if TURN.unpack_from(self._buffer, start)[0] != before:
            return None
        return Frame(copy, number, time)


def _bytes_of(memory: SharedMemory) -> memoryview:
    assert memory.buf is not None, "closed"
    return memory.buf


_opening = threading.Lock()


def _open(name: str) -> SharedMemory:
    """Open a segment without vouching for it: before Python 3.13 every opener is made to remove it at exit."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    with _opening:
        register = resource_tracker.register
        resource_tracker.register = lambda name, rtype: None
        try:
            return SharedMemory(name)
        finally:
            resource_tracker.register = register
