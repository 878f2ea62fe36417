"""The mask source, where it is a frame address: opened and left as the control says, while the show runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from .capture import Capture, make_ring
from .fitting import cover
from .masks import NAMED
from .stills import PictureError, is_still, read_still


class MatteInput:
    """Used by one thread. on_trouble(reason) is told why a mask source can't be used; the picture then has no mask."""

    def __init__(self, size: tuple[int, int], fps: float, on_trouble: Callable[[str], None]) -> None:
        self._size = size
        self._fps = fps
        self._on_trouble = on_trouble
        self._source = "none"
        self._capture: Capture | None = None
        self._still: FrameRing | None = None

    def follow(self, source: str) -> str | None:
        """The name of the ring that the mask source's frames are in; None if it needs none. Never waits."""
        if source != self._source:
            self.close(wait=False)
            self._source = source
            if source not in NAMED:
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
    """A mask source as a frame address: a plain path is a file's. "C:\\mask.png" and "mask.png" are plain paths."""
    scheme = source.partition(":")[0]
    if ":" not in source or len(scheme) == 1 or Path(source).exists():
        return f"file:{source}"
    return source
