"""Frames through Spout, the way that programs on Windows share pictures on the GPU: SpoutGL moves them there and back.

SpoutGL is thin, and some of it is wrong: it tells neither a sender's name nor its entry, and counts frames only where
Spout's settings say so. What it does not tell is read from Spout's tables (`registry.py`).
Its objects belong to an OpenGL context, and a context to one thread: they are made by the thread that first reads.
"""

from __future__ import annotations

import importlib
import logging
import time
from typing import Any

import cv2
import numpy as np

from ...errors import Absent, BridgeError
from ..frames import Frame, PixelFormat
from ..windows import NamedObjects, windows_objects
from .layout import SenderInfo
from .reading import SCREEN, TOP_ROW_FIRST, Reading, with_context
from .registry import SpoutRegistry
from .settings import BACK_TO_THE_CARD, MAIN_MEMORY, shares_main_memory

log = logging.getLogger(__name__)

SENDER = "VACE Live"
"""What a sink without a name sends as."""
POLL_SECONDS = 0.001
REFUSALS = 120
"""So many frames one after the other that Spout did not take are the end of a sink."""

_ours: set[str] = set()
"""The names that this process sends as: the active sender is never taken from among them, or it would see itself."""


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
        _warn_of_main_memory()
        self._reading: Reading | None = None
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        end = time.monotonic() + timeout
        self._track_sender()
        self._info = self._look()
        if self._reading is None:
            self._reading = Reading(self._library, self._name, self._info, self._registry, self._fps)
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

    def _track_sender(self) -> None:
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
        _warn_of_main_memory()
        self._registry = SpoutRegistry(self._objects)
        self._registry.forget_the_dead()  # or a name of ours that was killed would be taken for ever
        self._wanted = name or SENDER
        self.name = self._registry.free_name(self._wanted)
        self._sender = with_context(library.SpoutSender())
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


def _warn_of_main_memory() -> None:
    if shares_main_memory():
        log.warning("%s; %s", MAIN_MEMORY, BACK_TO_THE_CARD)


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
            "spout: needs the package SpoutGL; install it with: python start.py pip install SpoutGL==0.1.1 "
            "(Windows, Python up to 3.13)"
        ) from None
