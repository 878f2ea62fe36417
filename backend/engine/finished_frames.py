"""The way of a chunk's frames from the model to whoever takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from vace_core.annotators.pixels import packed
from vace_core.progress import Progress

from .chunk_result import HandOut, PendingChunk
from .device_streams import DeviceStreams, HostCopy
from .messages import Stage
from .stage_times import StageTimes
from .tensors import extremes
from .unsound import NotANumber, is_one_colour


class FinishedFrames(Progress):
    """Takes one chunk's frames as they are decoded, looks whether they are sound, and hands them out.

    begin() gives what the chunk was asked with, once it has frames. While all of them are of one colour they are held
    back, unless the source's frames, `[H, W, C]` each, are so too. hand_out: None to hold back all. look: called when
    a stage or a denoising step is over, by the thread that computes.
    """

    def __init__(
        self,
        times: StageTimes,
        streams: DeviceStreams,
        begin: Callable[[], PendingChunk],
        source_frames: Sequence[np.ndarray],
        hand_out: HandOut | None,
        look: Callable[[], object],
    ) -> None:
        self._times, self._streams, self._begin, self._hand_out = times, streams, begin, hand_out
        self._look = look
        self._coming: deque[tuple[HostCopy, HostCopy]] = deque()
        self._held: list[np.ndarray] = []
        self._source_frames, self._is_picture = source_frames, False
        self._colour: np.ndarray | None = None  # of the frames so far, while they have but one
        self._pending: PendingChunk | None = None
        self.handed_out = 0
        self.last: np.ndarray | None = None
        """The last frame that is finished; None while there is none."""

    @property
    def chunk(self) -> PendingChunk | None:
        """What the chunk that is finished was asked with; None while there is none."""
        return self._pending

    @property
    def coming(self) -> bool:
        """Whether frames are still on their way from the device."""
        return any(frames.on_its_way for frames, _ in self._coming)

    @property
    def faded(self) -> bool:
        """Whether all frames are of one colour, although the input is not."""
        return self._pending is not None and not self._is_picture

    def held(self) -> np.ndarray | None:
        """The frames that were not handed out, `[F, H, W, 3]`; None if there are none."""
        return np.concatenate(self._held) if self._held else None

    def encoded(self) -> None:
        self._end("encode")

    def stepped(self) -> None:
        self._look()

    def denoised(self) -> None:
        self._end("denoise")

    def decoded(self, frames: Tensor, latents: Tensor) -> None:
        self._end("decode")
        self._coming.append((self._streams.to_host(packed(frames)), self._streams.to_host(extremes(frames, latents))))
        if not self.coming:
            self.receive()

    def _end(self, stage: Stage) -> None:
        self._times.end(stage)
        self._look()

    def receive(self) -> None:
        """Wait for the frames that are on their way, and hand them out. Raises NotANumber."""
        while self._coming:
            frames, extreme = self._coming.popleft()
            pixels = frames.wait()
            if not np.isfinite(extreme.wait()).all():
                raise NotANumber("the picture was not a number (NaN or infinite)")
            self._finish(pixels)

    def _finish(self, made: np.ndarray) -> None:
        """The chunk's next frames are sound."""
        if self._pending is None:
            self._pending = self._begin()
        self._is_picture = self._is_picture or self._shows_something(made)
        frames = self._pending.finish(made, self.handed_out + sum(map(len, self._held)))
        self._held.append(frames)
        self.last = frames[-1]
        if self._hand_out is not None and self._is_picture:
            for held in self._held:
                self._hand_out(held, self.handed_out, self._pending.tag)
                self.handed_out += len(held)
            self._held.clear()

    def _shows_something(self, made: np.ndarray) -> bool:
        """Whether frames of the model are a picture, or the input is none either."""
        colour, self._colour = self._colour, made[0, 0, 0]
        if not is_one_colour(made) or (colour is not None and (colour != self._colour).any()):
            return True
        return is_one_colour(np.stack(self._source_frames))
