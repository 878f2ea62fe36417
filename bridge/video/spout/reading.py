"""A connection to one Spout sender, through SpoutGL's receiver: which frames are new, and which pixels are which."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ...errors import BridgeError
from .layout import SenderInfo
from .registry import FrameCounter, SpoutRegistry

CONNECT_SECONDS = 3.0
"""A sender that is there but whose picture can't be read for this long is on another GPU."""
EMPTY_READS = 4
"""Reads after a connection that may be empty, as pictures are read a frame late; more, and the picture is black."""
TOP_ROW_FIRST = False
"""Spout's `invert`: as they lie in a Direct3D texture, rows begin at the top."""
SCREEN = 0
"""The framebuffer that is bound afterwards."""


@dataclass(frozen=True)
class _Order:
    """How a sender's texture is asked for, without conversion on the way, and made RGB or RGBA here."""

    asked: str
    convert: int | None


_RGBA = _Order("GL_RGBA", None)
_BGRA = _Order("GL_BGRA_EXT", cv2.COLOR_BGRA2RGBA)
_BGRX = _Order("GL_BGRA_EXT", cv2.COLOR_BGRA2RGB)
ORDERS = {28: _RGBA, 29: _RGBA, 87: _BGRA, 91: _BGRA, 88: _BGRX, 0: _BGRA, 21: _BGRA, 22: _BGRX}
"""By DXGI format; 0, 21 and 22 come from Direct3D 9. Any other one OpenGL makes RGBA of 8 bits."""


class Reading:
    """A connection to one sender: a receiver of SpoutGL's with its context, and the buffer that it writes to."""

    def __init__(self, library: Any, name: str, info: SenderInfo, registry: SpoutRegistry, fps: float) -> None:
        self._enums = library.enums
        self._name = name
        self._receiver = with_context(library.SpoutReceiver())
        self._receiver.setReceiverName(name)
        self._news = _News(registry.counter(name), fps)
        # Never None: for that SpoutGL looks for the sender with the interpreter held.
        self._buffer = np.zeros((info.height, info.width, 4), np.uint8)
        self._order = ORDERS.get(info.format, _RGBA)
        self._empty_reads = 0
        self._failing: float | None = None

    def newest(self) -> np.ndarray | None:
        """A frame that was not read before, None if there is none yet. Raises BridgeError if none can be had."""
        now = time.monotonic()
        if not self._news.expected(now):
            return None
        receiver = self._receiver
        asked = getattr(self._enums, self._order.asked)
        there = receiver.receiveImage(self._buffer, asked, TOP_ROW_FIRST, SCREEN)
        if receiver.isUpdated():  # nothing was written: the sender is new, or another size or format
            self._fit()
            return self._nothing(now)
        if not there or not receiver.getSenderWidth():  # no size: connected to a texture that it can't open
            return self._nothing(now)
        if self._empty_reads and not self._buffer.any():
            self._empty_reads -= 1
            return None
        self._empty_reads = 0
        self._failing = None
        return self._buffer.copy() if self._order.convert is None else cv2.cvtColor(self._buffer, self._order.convert)

    def close(self) -> None:
        self._news.close()
        self._receiver.releaseReceiver()
        self._receiver.closeOpenGL()

    def _fit(self) -> None:
        width, height = self._receiver.getSenderWidth(), self._receiver.getSenderHeight()
        pixels = self._receiver.getSenderFormat()
        if pixels not in ORDERS and not self._receiver.isGLDXReady():
            raise BridgeError(
                f"spout:{self._name} sends pixels of DXGI format {pixels}, which this GPU can't convert; "
                "set the sender to 8-bit fixed (RGBA)"
            )
        self._order = ORDERS.get(pixels, _RGBA)
        self._buffer = np.zeros((height, width, 4), np.uint8)
        self._empty_reads = EMPTY_READS

    def _nothing(self, now: float) -> None:
        """There is no picture yet; BridgeError if that has been so for too long."""
        self._news.again()
        if self._failing is None:
            self._failing = now
        elif now - self._failing > CONNECT_SECONDS:
            raise BridgeError(
                f"spout:{self._name} is there, but its picture can't be read; let both programs run on the same GPU "
                "(Windows: Settings, Display, Graphics)"
            )


class _News:
    """Whether a sender has a new frame: by its counter once that was seen to move, until then by the clock.

    A counter that stands still may be one that the sender knows nothing of, made by another receiver.
    """

    def __init__(self, counter: FrameCounter | None, fps: float) -> None:
        self._counter = counter
        self._count: int | None = None
        self._counts = False
        self._period = 1.0 / fps
        self._due = 0.0

    def expected(self, now: float) -> bool:
        if self._counter is not None:
            count, before = self._counter.read(), self._count
            self._count = count
            self._counts = self._counts or (before is not None and count != before)
            if self._counts:
                return count != before
        if now < self._due:
            return False
        self._due = max(self._due + self._period, now)
        return True

    def again(self) -> None:
        """The frame that was expected was not got: expect it once more."""
        self._count = None

    def close(self) -> None:
        if self._counter is not None:
            self._counter.close()


def with_context(user: Any) -> Any:
    """A sender or receiver with an OpenGL context for this thread."""
    if not user.createOpenGL():
        raise BridgeError("spout: no OpenGL context can be made; sit at the machine (not remote desktop) with a GPU")
    return user
