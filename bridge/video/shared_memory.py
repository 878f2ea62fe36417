"""Frames through shared memory, from and to another process on this machine (`ring.FrameRing`)."""

from __future__ import annotations

import time

from ..errors import BridgeError
from .frames import Frame
from .ring import FrameRing

POLL_SECONDS = 0.002
LOOK_SECONDS = 0.1
"""How often a sink sees whether somebody has removed its ring."""
SLOTS = 4


class SharedMemorySource:
    """`shm:NAME`, a ring that someone else made. Gives the newest frame, each once, with the time it was received.

    `read` raises BridgeError once the sender has gone.
    """

    def __init__(self, name: str, width: int, height: int, fps: float) -> None:
        if not name:
            raise BridgeError("shm: needs the name of a ring, as shm:NAME")
        self._name = name
        self._ring = FrameRing.attach(name)
        self._seen = 0

    def read(self, timeout: float) -> Frame | None:
        end = time.monotonic() + timeout
        while self._ring.written == self._seen:
            if time.monotonic() >= end:
                self._follow_a_new_ring()
                return None
            time.sleep(POLL_SECONDS)
        self._seen = self._ring.written
        frame = self._ring.latest()
        return None if frame is None else Frame(frame.pixels, frame.number, time.monotonic(), frame.source_number)

    def describe(self) -> str:
        return f"shared memory {self._name!r}"

    def close(self) -> None:
        self._ring.close()

    def __enter__(self) -> SharedMemorySource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _follow_a_new_ring(self) -> None:
        """A sender that was started again has made a ring of the same name; the old one stays silent for ever.

        Raises BridgeError where there is none any more.
        """
        made = self._ring.made
        self._ring.close()
        self._ring = FrameRing.attach(self._name)
        if self._ring.made != made:
            self._seen = 0


class SharedMemorySink:
    """`shm:NAME`, a ring made here. A larger frame than it was made for makes a new ring, which receivers follow;
    one that somebody has removed is put back.
    """

    def __init__(self, name: str, width: int, height: int, fps: float) -> None:
        if not name:
            raise BridgeError("shm: needs a name for the ring, as shm:NAME")
        self._name = name
        self._ring = FrameRing.create(name, SLOTS, height, width, channels=4)
        self._looked = time.monotonic()

    def send(self, frame: Frame) -> None:
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._ring.renew()
        if frame.pixels.size > self._ring.slot_bytes:
            self._ring.close()
            self._ring = FrameRing.create(self._name, SLOTS, *frame.pixels.shape[:2], channels=4)
        self._ring.write(frame)

    def close(self) -> None:
        self._ring.close()

    def __enter__(self) -> SharedMemorySink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
