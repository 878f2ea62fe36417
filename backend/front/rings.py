"""The rings of a show, by which its frames cross between the front and the engine."""

from __future__ import annotations

import logging
from contextlib import ExitStack

from bridge.video.ring import FrameRing

from .capture import make_ring

log = logging.getLogger(__name__)


class ShowRings:
    """size: (height, width) of all of them. opened: closes them with the show."""

    def __init__(self, size: tuple[int, int], opened: ExitStack) -> None:
        self._size, self._opened = size, opened
        self._rings: list[FrameRing] = []

    def open(self, channels: int, slots: int | None = None) -> FrameRing:
        """One more; slots: frames that it holds, None for as many as memory allows. Raises BridgeError without any."""
        ring = self._opened.enter_context(make_ring(self._size, channels, slots))
        self._rings.append(ring)
        return ring

    def renew(self) -> None:
        """Put back what somebody has removed, as a system may when a user logs out; under the names that it had."""
        for ring in self._rings:
            if ring.renew():
                log.warning("shared memory of the show was removed from outside; it was made anew")
