"""Frames through Spout, the way that programs on Windows share pictures on the GPU: SpoutGL moves them there and back.

SpoutGL is thin, and some of it is wrong: it does not tell a sender's name, its entry or its pixel format, and counts
frames only where Spout's settings say so. What it does not tell is read from Spout's tables (`spout_registry.py`).
Its objects belong to an OpenGL context, and a context to one thread: they are made by the thread that first reads.
"""

from __future__ import annotations

import importlib
import logging
import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from .frames import Frame, PixelFormat
from .protocol import Absent, BridgeError
from .spout_layout import SenderInfo
from .spout_registry import FrameCounter, SpoutRegistry
from .windows import NamedObjects, windows_objects

log = logging.getLogger(__name__)

SENDER = "VACE Live"
"""What a sink without a name sends as."""
POLL_SECONDS = 0.001
CONNECT_SECONDS = 3.0
"""A sender that is there but whose picture can't be read for this long is on another GPU."""
REFUSALS = 120
"""So many frames one after the other that Spout did not take are the end of a sink."""
EMPTY_READS = 4
"""Reads after a connection that may be empty, as pictures are read a frame late; more, and the picture is black."""
TOP_ROW_FIRST = False
"""Spout's `invert`: as they lie in a Direct3D texture, rows begin at the top."""
SCREEN = 0
"""The framebuffer that is bound afterwards."""

_ours: set[str] = set()
"""The names that this process sends as: the active sender is never taken from among them, or it would see itself."""


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


class SpoutSource:
    """`spout:NAME`, the newest frame of that sender, each once; `spout:` is the active sender, whichever that is.

    A sender that does not count its frames is read at `fps`. `read` raises BridgeError once the sender has gone.
    """

    def __init__(
        self,
        name: str,
        width: int,
        height: int,
        fps: float,
        objects: NamedObjects | None = None,
        library: Any = None,
    ) -> None:
        self._registry = SpoutRegistry(objects or windows_objects("spout"))
        self._library = library or _spoutgl()
        self._follows = not name
        self._fps = fps
        self._name = name or self._active()
        self._info = self._look()
        self._reading: _Reading | None = None
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        end = time.monotonic() + timeout
        self._follow()
        self._info = self._look()
        if self._reading is None:
            self._reading = _Reading(self._library, self._name, self._info, self._registry, self._fps)
        while True:
            pixels = self._reading.newest()
            now = time.monotonic()
            if pixels is not None:
                frame = Frame(pixels, self._number, now)
                self._number += 1
                return frame
            if now >= end:
                return None
            time.sleep(POLL_SECONDS)

    def describe(self) -> str:
        return f"Spout sender {self._name!r}, {self._info.width}x{self._info.height}"

    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def __enter__(self) -> SpoutSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _active(self) -> str:
        name = self._registry.active()
        if name is None or name in _ours:
            raise Absent(f"there is no active Spout sender; {_those(self._registry)}")
        return name

    def _follow(self) -> None:
        """Turn to another sender, if this is about the active one and that has changed."""
        if self._follows and (name := self._active()) != self._name:
            log.info("the active Spout sender is now %r, it was %r", name, self._name)
            self.close()
            self._name = name

    def _look(self) -> SenderInfo:
        info = self._registry.info(self._name)
        if info is None:
            raise Absent(f"there is no Spout sender {self._name!r}; {_those(self._registry)}")
        return info


class _Reading:
    """A connection to one sender: a receiver of SpoutGL's with its context, and the buffer that it writes to."""

    def __init__(self, library: Any, name: str, info: SenderInfo, registry: SpoutRegistry, fps: float) -> None:
        self._enums = library.enums
        self._name = name
        self._receiver = _with_context(library.SpoutReceiver())
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


class SpoutSink:
    """`spout:NAME` sends under that name, or with a number behind it if it is taken; `name` is the real one.

    Opened, used and closed by one thread. Others see the sender from the first frame on.
    """

    def __init__(
        self,
        name: str,
        width: int,
        height: int,
        fps: float,
        objects: NamedObjects | None = None,
        library: Any = None,
    ) -> None:
        self._objects = objects or windows_objects("spout")
        library = library or _spoutgl()
        self._registry = SpoutRegistry(self._objects)
        self._registry.forget_the_dead()  # or a name of ours that was killed would be taken for ever
        self._wanted = name or SENDER
        self.name = self._registry.free_name(self._wanted)
        self._sender = _with_context(library.SpoutSender())
        self._sender.setSenderName(self.name)
        self._rgba = library.enums.GL_RGBA
        self._buffer = np.empty((height, width, 4), np.uint8)
        self._refused = 0
        self._announced = False

    def send(self, frame: Frame) -> None:
        height, width = frame.pixels.shape[:2]
        before = None if self._announced else set(self._registry.listed())
        if self._sender.sendImage(self._as_rgba(frame), width, height, self._rgba, TOP_ROW_FIRST, SCREEN):
            self._refused = 0
        else:
            self._note_refusal()
        if before is not None:
            self._read_back(before)

    def close(self) -> None:
        _ours.discard(self.name)
        self._sender.releaseSender()
        self._sender.closeOpenGL()

    def __enter__(self) -> SpoutSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _as_rgba(self, frame: Frame) -> np.ndarray:
        """The frame itself if it can be sent as it is, else in a buffer that is used again."""
        pixels = frame.pixels
        if frame.format is PixelFormat.RGBA and pixels.flags.c_contiguous:
            return pixels
        if self._buffer.shape[:2] != pixels.shape[:2]:
            self._buffer = np.empty((*pixels.shape[:2], 4), np.uint8)
        if frame.format is PixelFormat.RGBA:
            np.copyto(self._buffer, pixels)
        else:
            cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA, dst=self._buffer)
        return self._buffer

    def _note_refusal(self) -> None:
        self._refused += 1
        if self._refused >= REFUSALS:
            raise BridgeError(
                f"Spout takes no frames of spout:{self.name}; let this program and the receiver run on the same GPU, "
                "and update its driver"
            )

    def _read_back(self, before: set[str]) -> None:
        """Spout may have given another name than it was asked for: look for the new one of this program."""
        new = [name for name in self._registry.listed() if name not in before and name.startswith(self._wanted)]
        if not new:
            return
        self.name = min(new, key=lambda name: (not self._is_by_this_program(name), name != self.name))
        self._announced = True
        _ours.add(self.name)
        if self.name != self._wanted:
            log.warning("the Spout name %r is taken; receive from %r", self._wanted, self.name)

    def _is_by_this_program(self, name: str) -> bool:
        info = self._registry.info(name)
        return info is not None and info.host.lower() == self._objects.program.lower()


def _with_context(user: Any) -> Any:
    """A sender or receiver with an OpenGL context for this thread."""
    if not user.createOpenGL():
        raise BridgeError("spout: no OpenGL context can be made; sit at the machine (not remote desktop) with a GPU")
    return user


def _those(registry: SpoutRegistry) -> str:
    """Which senders there are, for a person who gave a wrong name."""
    names = [name for name in registry.senders() if name not in _ours]
    if not names:
        return "nobody is sending: switch on the other program's Spout output"
    return "there is " + ", ".join(f"spout:{name}" for name in names)


def _spoutgl() -> Any:
    try:
        return importlib.import_module("SpoutGL")
    except ImportError:
        raise BridgeError(
            "spout: needs the package SpoutGL; install it with: python -m pip install SpoutGL==0.1.1 "
            "(Windows, Python up to 3.13)"
        ) from None
