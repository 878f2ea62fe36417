"""The frames that come in for the chunks: the source's, and those of a mask source and a control source."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from .messages import ChunkRequest
from .side_frames import SideFrames, mask_frames_of
from .timeline import FrameHistory, Span


@dataclass(frozen=True)
class ChunkFrames:
    """What one chunk is made of. moments: of the input, one for each of the source's frames. mask, control: as many
    frames of a source of their own; None where there is none."""

    moments: list[float]
    source: list[Frame]
    mask: list[np.ndarray] | None
    control: list[np.ndarray] | None

    @property
    def pixels(self) -> list[np.ndarray]:
        """Those of the source's frames."""
        return [frame.pixels for frame in self.source]

    @property
    def tag(self) -> tuple[list[float], list[int]]:
        """Moments, and numbers of the source's frames."""
        return self.moments, [frame.number for frame in self.source]


class ChunkInputs:
    """Histories of all that comes in. Raises BridgeError where the source's ring is gone."""

    def __init__(self, source_ring: str, rings: ExitStack) -> None:
        self._source = FrameHistory(rings.enter_context(FrameRing.attach(source_ring)).since)
        self._mask, self._control = SideFrames(), SideFrames()
        for side in (self._mask, self._control):
            rings.callback(side.update, None)

    @property
    def oldest(self) -> float | None:
        """The time of the oldest frame of the source that is known; None before its first one."""
        return self._source.oldest

    @property
    def newest(self) -> float:
        """The time of the source's newest frame; -inf before its first one."""
        return self._source.newest

    def pull(self) -> None:
        """Take the source's frames that are new."""
        self._source.pull()

    def source_frames(self, moments: Sequence[float]) -> list[Frame]:
        """The source's frame of each moment, of those that were pulled."""
        return self._source.pick(moments)

    def collect(self, span: Span, count: int, request: ChunkRequest) -> ChunkFrames:
        """The frames of a chunk of `count` frames that covers a span."""
        moments = span.moments(count)
        self.pull()
        control = self._control.update(request.control_ring).pick(moments)
        return ChunkFrames(
            moments=moments,
            source=self.source_frames(moments),
            mask=mask_frames_of(self._mask.update(request.mask_ring), span, moments),
            control=[frame.pixels for frame in control] or None,
        )

    def forget(self, before: float) -> None:
        """Drop the frames that no later moment can show."""
        for history in (self._source, self._mask, self._control):
            history.forget(before)
