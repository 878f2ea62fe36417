"""The sinks of a show: those of the output, and those of the control video and the masks in step with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from bridge.files import refuse_own_input
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from ..controls.named_files import FILE
from .outputs import Output
from .rings import ShowRings
from .synced_output import SyncedOutput

FrameSender = Callable[[Frame], None]


class ShowSinks:
    """size: (height, width) of the frames. fps: a second. read_files: what the show reads, which no sink may destroy.
    opened: closes them with the show."""

    def __init__(
        self,
        size: tuple[int, int],
        fps: float,
        rings: ShowRings,
        read_files: Callable[[], Sequence[str]],
        opened: ExitStack,
    ) -> None:
        self._size, self._fps, self._rings = size, fps, rings
        self._read_files, self._opened = read_files, opened
        self.outputs: list[Output] = []

    def open(self, uris: Iterable[str]) -> list[FrameSender]:
        """What sends a frame to each of these frame addresses, without waiting.

        Raises BridgeError for one that can't be opened, or that would write over a file that the show reads.
        """
        for uri in uris:
            if uri.startswith(FILE):
                refuse_own_input(uri, self._read_files())
        outputs = [Output(uri, self._size[1], self._size[0], self._fps) for uri in uris]
        for output in outputs:
            self._opened.callback(output.close)
        self.outputs += outputs
        return [output.send for output in outputs]

    def open_synced(self, uris: Sequence[str], blank: int) -> tuple[FrameRing, list[FrameSender]]:
        """A ring for a control video or masks, and what sends its frames to sinks in step with the output.

        Without sinks it is for the page alone, for which the newest is enough.
        """
        ring = self._rings.open(channels=3, slots=None if uris else 2)
        senders = self.open(uris)
        return ring, [SyncedOutput(ring, self._size, blank, senders).send] if senders else []
