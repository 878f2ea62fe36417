"""Frames that come in beside the input, as a mask's or a control's: opened and left as a control says, in the show."""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import BridgeError

from .capture import Capture, make_ring

FIRST_FRAME_SECONDS = 0.1
"""How long the first frame of a new source is waited for, which a picture needs far less than."""


class SideInput:
    """Used by one thread. on_trouble(reason) is told why a source can't be used; the show then goes on without it."""

    def __init__(self, size: tuple[int, int], fps: float, on_trouble: Callable[[str], None]) -> None:
        self._size = size
        self._fps = fps
        self._on_trouble = on_trouble
        self._address = ""
        self._capture: Capture | None = None

    def set_address(self, address: str) -> str | None:
        """The name of the ring that this frame address' frames are in; None for "", or if there is no memory for one.

        Waits for nothing but, briefly, the first frame of a new source. Each source has a ring of its own, so that no
        old frame can be taken for one of it.
        """
        if address != self._address:
            self.close(wait=False)
            self._address = address
            self._open(address)
        return None if self._capture is None else self._capture.ring.name

    def close(self, wait: bool = True) -> None:
        if self._capture is not None:
            self._capture.stop(wait)
        self._capture = None

    def _open(self, address: str) -> None:
        if not address:
            return
        try:
            ring = make_ring(self._size, channels=4)
        except BridgeError as error:
            self._on_trouble(str(error))
            return
        self._capture = Capture(address, ring, self._size, self._fps, self._on_trouble, on_end=ring.close).start()
        self._capture.has_frame.wait(FIRST_FRAME_SECONDS)
