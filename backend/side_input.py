"""Frames that come in beside the input, as a mask's or a control's: opened and left as a control says, in the show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from .capture import Capture, make_ring
from .fitting import cover
from .stills import PictureError, is_still, read_still


class SideInput:
    """Used by one thread. on_trouble(reason) is told why a source can't be used; the show then goes on without it."""

    def __init__(self, size: tuple[int, int], fps: float, on_trouble: Callable[[str], None]) -> None:
        self._size = size
        self._fps = fps
        self._on_trouble = on_trouble
        self._source: str | None = None
        self._capture: Capture | None = None
        self._still: FrameRing | None = None

    def follow(self, source: str | None) -> str | None:
        """The name of the ring that the source's frames are in; None if none is wanted, or there is none. Never waits.

        source: a frame address, or the path of a picture or video.
        """
        if source != self._source:
            self.close(wait=False)
            self._source = source
            if source is not None:
                self._open(frame_address(source))
        if self._capture is not None:
            return self._capture.ring.name
        return None if self._still is None else self._still.name

    def close(self, wait: bool = True) -> None:
        if self._capture is not None:
            self._capture.stop(wait)
        if self._still is not None:
            self._still.close()
        self._capture = self._still = None

    def _open(self, address: str) -> None:
        path = address.removeprefix("file:")
        if address.startswith("file:") and is_still(path):
            self._show_still(path)
        else:
            self._capture = Capture(address, self._size, self._fps, self._on_trouble).start()

    def _show_still(self, path: str) -> None:
        """A picture is written once: a source that has stopped shows its last frame."""
        try:
            picture = cover(read_still(path), *self._size)
        except PictureError as error:
            self._on_trouble(str(error))
            return
        self._still = make_ring(self._size, channels=3, slots=1)
        self._still.write(Frame(picture, 0, 0.0))


def frame_address(source: str) -> str:
    """A source as a frame address: a plain path is a file's. "C:\\mask.png" and "mask.png" are plain paths."""
    scheme = source.partition(":")[0]
    if ":" not in source or len(scheme) == 1 or Path(source).exists():
        return f"file:{source}"
    return source
