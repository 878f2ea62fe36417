"""Frames to and from TouchDesigner's Shared Mem In and Out TOPs, through memory of Windows, without the GPU.

Set the TOP's Shared Mem Type to Local. There is no counter of frames, so a source looks at its own rate. Rows lie
bottom row first, as everywhere in TouchDesigner.
"""

from __future__ import annotations

import time

import cv2
import numpy as np

from ...errors import Absent, BridgeError
from ..frames import Frame
from ..windows import Memory, NamedObjects, locked, windows_objects
from .layout import BLUE_FIRST, CHANNELS, Header, data_name, info_name, mutex_name, packed_info, unpacked_info


class TouchSource:
    """`touch:NAME`, what the Shared Mem Out TOP of that name writes, at `fps`; each reading has what was there then.

    `read` raises BridgeError once the memory is gone, or is no picture of 8 bits a channel.
    """

    def __init__(self, name: str, width: int, height: int, fps: float, objects: NamedObjects | None = None) -> None:
        self._name = _checked(name)
        self._objects = objects or windows_objects("touch")
        self._period = 1.0 / fps
        self._due = 0.0
        self._number = 0
        self._size = self._picture().shape[:2]

    def read(self, timeout: float) -> Frame | None:
        now = time.monotonic()
        pause = self._due - now
        if pause > timeout:
            time.sleep(timeout)
            return None
        time.sleep(max(pause, 0.0))
        now = time.monotonic()
        self._due = max(self._due + self._period, now)
        pixels = self._picture()
        self._size = pixels.shape[:2]
        frame = Frame(pixels, self._number, now)
        self._number += 1
        return frame

    def describe(self) -> str:
        height, width = self._size
        return f"TouchDesigner's shared memory {self._name!r}, {width}x{height}"

    def close(self) -> None:
        pass

    def __enter__(self) -> TouchSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _picture(self) -> np.ndarray:
        """A copy, RGBA `[H, W, 4]`. The memory is opened each time: a sender that was started again has another."""
        with locked(self._objects, mutex_name(self._name)):
            memory = self._open()
            try:
                header = Header.unpacked(memory.data)
                shape = (header.height, header.width, CHANNELS)
                upside_down = np.frombuffer(memory.data, np.uint8, int(np.prod(shape)), header.offset).reshape(shape)
                picture = cv2.flip(upside_down, 0)
                del upside_down
            except ValueError as reason:
                raise BridgeError(f"touch:{self._name} can't be read: {reason}") from None
            finally:
                memory.close()
        return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA, dst=picture) if BLUE_FIRST[header.format] else picture

    def _open(self) -> Memory:
        info = self._objects.open_memory(info_name(self._name))
        postfix: str | None = ""
        if info is not None:
            postfix = unpacked_info(info.data)
            info.close()
        memory = None if postfix is None else self._objects.open_memory(data_name(self._name, postfix))
        if memory is None:
            raise Absent(
                f"there is no shared memory of TouchDesigner's of the name {self._name!r}; switch on a Shared Mem Out "
                "TOP of that name, its Shared Mem Type set to Local"
            )
        return memory


class TouchSink:
    """`touch:NAME`, for a Shared Mem In TOP of that name. Pictures of another size go to memory of another postfix.

    A name that another program sends under can't be told from one that only a receiver still holds, so it is taken.
    """

    def __init__(self, name: str, width: int, height: int, fps: float, objects: NamedObjects | None = None) -> None:
        self._name = _checked(name)
        self._objects = objects or windows_objects("touch")
        self._info = self._objects.create_memory(info_name(name), len(packed_info("")))
        self._resizes = 0
        self._memory = self._made(width, height)

    def send(self, frame: Frame) -> None:
        height, width = frame.pixels.shape[:2]
        if (width, height) != (self._header.width, self._header.height):
            former = self._memory
            self._resizes += 1
            self._memory = self._made(width, height)
            former.close()
        header = self._header
        with locked(self._objects, mutex_name(self._name)):
            target = np.frombuffer(self._memory.data, np.uint8, header.size, header.offset).reshape(height, width, 4)
            target[..., : frame.pixels.shape[2]] = frame.pixels[::-1]
            if frame.pixels.shape[2] == 3:
                target[..., 3] = 255
            del target

    def close(self) -> None:
        with locked(self._objects, mutex_name(self._name)):
            self._notify(packed_info("", detached=True))
        self._memory.close()
        self._info.close()

    def __enter__(self) -> TouchSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _made(self, width: int, height: int) -> Memory:
        """Memory for pictures of that size, with its header; then everybody is told where it is."""
        self._header = Header.of(width, height)
        wanted = self._header.offset + self._header.size
        memory = self._objects.create_memory(data_name(self._name, self._postfix()), wanted)
        while len(memory.data) < wanted:  # a smaller one is still held by a receiver
            memory.close()
            self._resizes += 1
            memory = self._objects.create_memory(data_name(self._name, self._postfix()), wanted)
        with locked(self._objects, mutex_name(self._name)):
            memory.data[: self._header.offset] = self._header.packed()
            self._notify(packed_info(self._postfix()))
        return memory

    def _postfix(self) -> str:
        return str(self._resizes) if self._resizes else ""

    def _notify(self, info: bytes) -> None:
        self._info.data[: len(info)] = info


def _checked(name: str) -> str:
    if not name or not name.isascii() or "\\" in name or len(name) > 200:
        raise BridgeError(f"touch:{name[:40]} is no name; write the TOP's Shared Mem Name in plain letters: touch:NAME")
    return name
