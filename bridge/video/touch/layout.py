"""TouchDesigner's Shared Mem In and Out TOPs: their tables in shared memory, byte by byte, little endian.

TouchSHM<name>                    a header, then, from its `data offset` on, the pixels
TouchSHM<name>Mutex               the lock of all of it
TouchSHMTouchSHM<name>4jhd783h    tells what is put behind the first one's name since its size changed
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER = struct.Struct("<IiiiffI4xqi")
"""Magic, version, width, height, aspect x and y, pixel format, bytes of pixels, data offset: 44 bytes that every
version has. They are 48 with padding, and 56 where two words about colour follow; the data offset tells."""
HEADER_MAGIC, HEADER_VERSION = 0xD95EF835, 1
WRITTEN_HEADER = 48
INFO = struct.Struct("<Ii?32s?")
"""Magic, version, whether names change, the postfix with its NUL, whether the sender let go."""
INFO_MAGIC, INFO_VERSION = 0x56ED34BA, 1


def data_name(name: str, postfix: str = "") -> str:
    return f"TouchSHM{name}{postfix}"


def mutex_name(name: str) -> str:
    return f"TouchSHM{name}Mutex"


def info_name(name: str) -> str:
    return f"TouchSHMTouchSHM{name}4jhd783h"


BLUE_FIRST = {37: False, 43: False, 44: True, 50: True}
"""By Vulkan's number of the format: R8G8B8A8 and B8G8R8A8, each also as sRGB."""
CHANNELS = 4
RGBA8 = 37


@dataclass(frozen=True)
class Header:
    """Of one picture: `offset` bytes from the start of the mapping come height rows of width pixels."""

    width: int
    height: int
    format: int
    size: int
    offset: int = WRITTEN_HEADER

    @classmethod
    def of(cls, width: int, height: int) -> Header:
        """For a picture as we write it."""
        return cls(width, height, RGBA8, width * height * CHANNELS)

    def packed(self) -> bytes:
        """48 bytes."""
        values = (self.width, self.height, 1.0, 1.0, self.format, self.size, self.offset)
        return HEADER.pack(HEADER_MAGIC, HEADER_VERSION, *values).ljust(WRITTEN_HEADER, b"\0")

    @classmethod
    def unpacked(cls, data: bytes | memoryview) -> Header:
        """data: the whole mapping. ValueError, with what is wrong, if it is no picture that fits in there."""
        if len(data) < HEADER.size:
            raise ValueError(f"{len(data)} bytes are too few for a header")
        magic, version, width, height, _, _, pixels, size, offset = HEADER.unpack_from(data)
        if magic != HEADER_MAGIC or version < HEADER_VERSION:
            raise ValueError(f"it begins with {magic:#010x}, version {version}: no header that is known")
        if pixels not in BLUE_FIRST:
            raise ValueError(f"its pixels are of Vulkan format {pixels}; set the TOP to 8-bit fixed (RGBA)")
        if not (width > 0 and height > 0 and size >= width * height * CHANNELS and offset > 0):
            raise ValueError(f"its {width}x{height} pixels do not lie in {size} bytes from byte {offset}")
        if offset + size > len(data):
            raise ValueError(f"its {size} bytes from byte {offset} go beyond the memory's {len(data)}")
        return cls(width, height, pixels, size, offset)


def packed_info(postfix: str, detached: bool = False) -> bytes:
    """What tells the present postfix, or that the sender lets go of it."""
    return INFO.pack(INFO_MAGIC, INFO_VERSION, True, postfix.encode("ascii"), detached)


def unpacked_info(data: bytes | memoryview) -> str | None:
    """The present postfix; None if the sender let go of it, or this is something else."""
    if len(data) < INFO.size:
        return None
    magic, _, changes, postfix, detached = INFO.unpack_from(data)
    if magic != INFO_MAGIC or detached:
        return None
    return postfix.split(b"\0", 1)[0].decode("ascii", "replace") if changes else ""
