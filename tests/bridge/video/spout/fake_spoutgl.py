"""A stand-in for SpoutGL that behaves as it does, its defects included, and is stricter about threads and arguments."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np

from bridge.video.spout.registry import SenderEntry, SpoutRegistry

from ..fake_windows import Process

GL_RGBA, GL_BGRA_EXT = 0x1908, 0x80E1
RGBA, BGRA, HALF_FLOATS = 28, 87, 10


class FakeSpoutGL:
    """The module, as one process has it.

    counts: whether Spout's settings let frames be counted; interop: whether OpenGL and Direct3D share textures here.
    """

    def __init__(self, process: Process, counts: bool = True, interop: bool = True) -> None:
        self.process = process
        self.counts = counts
        self.interop = interop
        self.has_display = True
        self.takes_frames = True
        self.before_taking_a_name = lambda: None
        self.enums = SimpleNamespace(GL_RGBA=GL_RGBA, GL_BGRA_EXT=GL_BGRA_EXT)
        self.used: list[Any] = []

    def SpoutSender(self) -> FakeSender:
        self.used.append(FakeSender(self))
        return self.used[-1]

    def SpoutReceiver(self) -> FakeReceiver:
        self.used.append(FakeReceiver(self))
        return self.used[-1]


class _InOneThread:
    def __init__(self, library: FakeSpoutGL) -> None:
        self._library = library
        self._registry = SpoutRegistry(library.process)
        self._thread: int | None = None
        self.closed = False

    def createOpenGL(self) -> bool:
        assert self._thread is None
        if self._library.has_display:
            self._thread = threading.get_ident()
        return self._library.has_display

    def closeOpenGL(self) -> bool:
        self._check()
        self.closed = True
        return True

    def isGLDXReady(self) -> bool:
        self._check()
        return self._library.interop

    def _check(self) -> None:
        assert self._thread == threading.get_ident(), "an OpenGL context belongs to the thread that made it"
        assert not self.closed


class FakeSender(_InOneThread):
    _handles = iter(range(0x40000002, 0x7FFFFFFF, 4))

    def __init__(self, library: FakeSpoutGL) -> None:
        super().__init__(library)
        self._name = ""
        self._entry: SenderEntry | None = None
        self._size = (0, 0)
        self._handle = 0

    def setSenderName(self, name: str, /) -> None:
        self._name = name

    def sendImage(self, pixels: Any, width: int, height: int, gl_format: int, invert: bool, fbo: int, /) -> bool:
        self._check()
        view = memoryview(pixels)
        if view.nbytes < width * height * 4 or not view.c_contiguous:
            raise BufferError("Buffer not large enough")
        assert (gl_format, invert, fbo) == (GL_RGBA, False, 0)
        if not self._library.takes_frames:
            return False
        textures = self._library.process.machine.textures
        if self._size != (width, height):
            textures.pop(self._handle, None)
            self._handle, self._size = next(self._handles), (width, height)
            if self._entry is None:
                self._library.before_taking_a_name()
                self._entry = self._registry.announce(self._name, width, height, BGRA, self._handle)
            else:
                self._entry.update(width, height, BGRA, self._handle)
        picture = np.frombuffer(view, np.uint8, width * height * 4).reshape(height, width, 4)
        textures[self._handle] = picture[..., [2, 1, 0, 3]].copy()
        if self._library.counts:
            self._entry.count_frame()  # type: ignore[union-attr]
        return True

    def releaseSender(self) -> None:
        self._check()
        if self._entry is not None:
            self._entry.close()


class FakeReceiver(_InOneThread):
    def __init__(self, library: FakeSpoutGL) -> None:
        super().__init__(library)
        self._name = ""
        self._known = (0, 0, 0, 0)
        self._updated = False
        self._first = True
        self.reads = 0

    def setReceiverName(self, name: str, /) -> None:
        self._name = name

    def receiveImage(self, buffer: Any, gl_format: int, invert: bool, fbo: int, /) -> bool:
        self._check()
        assert buffer is not None, "this holds the interpreter while it looks for the sender"
        assert (invert, fbo) == (False, 0)
        view = memoryview(buffer)
        width, height, _, _ = self._known
        if view.nbytes < width * height * 4 or not view.c_contiguous or view.readonly:
            raise BufferError("Buffer not large enough")
        self._updated = False
        info = self._registry.info(self._name)
        texture = None if info is None else self._library.process.machine.textures.get(info.handle)
        if info is None:
            self._known = (0, 0, 0, 0)
            return False
        if texture is None:  # measured: with a handle that can't be opened it is connected to nothing
            self._known = (0, 0, info.format, 0)
            return True
        now = (info.width, info.height, info.format, info.handle)
        if now != self._known:
            self._known, self._updated, self._first = now, True, True
            return True
        self.reads += 1
        picture = self._converted(texture, info.format, gl_format)
        np.frombuffer(view, np.uint8)[: picture.size] = 0 if self._first else picture.reshape(-1)
        self._first = False
        return True

    def isUpdated(self) -> bool:
        self._check()
        return self._updated

    def getSenderWidth(self) -> int:
        return self._known[0]

    getSenderName = getSenderWidth  # as it is bound there

    def getSenderHeight(self) -> int:
        return self._known[1]

    def getSenderFormat(self) -> int:
        return self._known[2]

    def releaseReceiver(self) -> None:
        self._check()

    def _converted(self, texture: np.ndarray, pixels: int, gl_format: int) -> np.ndarray:
        """`[H, W, 4]` in the order that is asked for."""
        if pixels == HALF_FLOATS:
            texture = (texture.clip(0, 1) * 255).round().astype(np.uint8)
        blue_first = pixels in (BGRA, 88, 91, 0, 21, 22)
        return texture if blue_first == (gl_format == GL_BGRA_EXT) else texture[..., [2, 1, 0, 3]]
