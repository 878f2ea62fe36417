"""Spout's tables in shared memory, byte by byte: the list of senders, the active one, and each sender's own entry.

SpoutSenderNames    256 bytes a sender, in the order of their bytes; the name ends at its NUL, the list at an
                    entry that begins with one
ActiveSenderName    256 bytes: one name
<sender's name>     280 bytes, little endian: SenderInfo below
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import BridgeError

NAMES = "SpoutSenderNames"
ACTIVE = "ActiveSenderName"
NAME_BYTES = 256
USUAL_SENDERS = 64
OLD_SENDERS = 10
"""Programs of before 2.005 make a list of so many, and Windows does not say where it ends within its page."""
PAGE = 4096
INFO = struct.Struct("<5I256sI")
ENCODING = "mbcs" if sys.platform == "win32" else "utf-8"
"""Spout uses Windows' calls for text of 8 bits a character."""


def lock_of(table: str) -> str:
    """The name of the mutex that guards one of the tables."""
    return f"{table}_mutex"


def counter_of(sender: str) -> str:
    """The name of the semaphore that counts a sender's frames."""
    return f"{sender}_Count_Semaphore"


def event_of(sender: str) -> str:
    """The name of the event that a sender may set with each frame."""
    return f"{sender}_Sync_Event"


@dataclass(frozen=True)
class SenderInfo:
    """A sender's entry.

    handle: of the shared texture, 32 bits; format: a DXGI number, 0 or a D3D9 number from old programs;
    host: the path of the sender's program; flags: bit 31, it copies by CPU, bit 30, it need not.
    """

    handle: int
    width: int
    height: int
    format: int
    host: str = ""
    flags: int = 0

    def packed(self) -> bytes:
        host = self.host.encode(ENCODING, "replace")[: NAME_BYTES - 1]
        return INFO.pack(self.handle, self.width, self.height, self.format, 0, host, self.flags)

    @classmethod
    def unpacked(cls, data: bytes) -> SenderInfo:
        """data: INFO.size bytes or more. What is written there has no wrong form, only wrong numbers."""
        handle, width, height, pixels, _, host, flags = INFO.unpack_from(data)
        return cls(handle, width, height, pixels, _text(host), flags)


def packed_name(name: str) -> bytes:
    """256 bytes; BridgeError for what Spout can't take as a name."""
    try:
        data = name.encode(ENCODING)
    except UnicodeEncodeError:
        raise BridgeError(f"spout:{name} has letters that this Windows has no 8-bit code for; use plain ones") from None
    if not 0 < len(data) < NAME_BYTES or data[0] >= 0x80 or "\\" in name or "\0" in name:
        raise BridgeError(
            f"spout:{name[:40]} can't be a sender's name; it takes 1 to {NAME_BYTES - 1} letters, no backslash, "
            "and the first a plain one (Spout reads others as the list's end)"
        )
    return data.ljust(NAME_BYTES, b"\0")


def packed_names(names: Iterable[str]) -> bytes:
    """The list with its end; senders lie in the order of their bytes."""
    return b"".join(sorted(packed_name(name) for name in names)) + bytes(NAME_BYTES)


def unpacked_names(data: bytes) -> list[str]:
    """The names in a list of any size; it need not have an end."""
    names = []
    for start in range(0, len(data) - NAME_BYTES + 1, NAME_BYTES):
        if data[start] == 0:
            break
        names.append(_text(data[start : start + NAME_BYTES]))
    return names


def capacity(size: int) -> int:
    """How many senders may be written to a list of so many bytes, of which Windows tells whole pages only."""
    return size // NAME_BYTES if size > PAGE else OLD_SENDERS


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode(ENCODING, "replace")
