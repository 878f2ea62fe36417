"""A pipeline at the show's size, whose stream may be smaller: what goes in is made smaller, what comes out larger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..imaging.fitting import rounded_size
from .memory_ladder import free_caches
from .messages import RunsOn

if TYPE_CHECKING:
    from ..controls.settings import Settings
    from .chunk_pipeline import ChunkPipeline
    from .chunk_result import ChunkResult, HandOut


class SizedPipeline:
    """open_pipeline(height, width) begins a stream of that size; height, width: the show's."""

    def __init__(self, open_pipeline: Callable[[int, int], ChunkPipeline], height: int, width: int) -> None:
        self._open = open_pipeline
        self._full = self._size = (height, width)
        self._pipeline: ChunkPipeline | None = open_pipeline(height, width)

    @property
    def frames_wanted(self) -> int:
        """As `ChunkPipeline.frames_wanted`; 0 while there is no stream."""
        return 0 if self._pipeline is None else self._pipeline.frames_wanted

    @property
    def runs_on(self) -> RunsOn:
        """As `ChunkPipeline.runs_on`; nothing while there is no stream."""
        return RunsOn() if self._pipeline is None else self._pipeline.runs_on

    def warm_up(self, tell: Callable[[str], object]) -> None:
        """As `ChunkPipeline.warm_up`, at the show's size: at a smaller one everything runs as it is written."""
        if self._pipeline is not None:
            self._pipeline.warm_up(tell)

    def resize(self, scale: float) -> None:
        """Have a stream of so many times the show's size, or as near as can be; a new one where that is another.

        The old one is let go before, so that its memory is free. If the new one can't be had (whatever `open_pipeline`
        raises), there is none until this is called again.
        """
        height, width = self._full
        size = self._full if scale == 1.0 else rounded_size(round(scale * height), round(scale * width))
        if self._pipeline is not None and size == self._size:
            return
        if self._pipeline is not None:
            self._pipeline.close()
        self._pipeline = None
        free_caches()
        self._pipeline, self._size = self._open(*size), size

    def make(
        self,
        source_frames: Sequence[np.ndarray],
        mask_frames: Sequence[np.ndarray] | None,
        settings: Settings,
        seconds: float,
        tag: Any,
        *,
        control_frames: Sequence[np.ndarray] | None,
        anchor: bool,
        in_parts: bool,
        hand_out: HandOut | None,
        look: Callable[[], object],
    ) -> ChunkResult:
        """As `ChunkPipeline.make`, with frames of the show's size in and out."""
        assert self._pipeline is not None, "resize first"
        chunk = self._pipeline.make(
            self._smaller(source_frames),
            None if mask_frames is None else self._smaller(mask_frames),
            settings,
            seconds,
            tag,
            control_frames=None if control_frames is None else self._smaller(control_frames),
            anchor=anchor,
            in_parts=in_parts,
            hand_out=hand_out and (lambda frames, first, tag: hand_out(self._larger(frames), first, tag)),
            look=look,
        )
        return replace(chunk, frames=self._larger(chunk.frames), fit=self._larger)

    def prepare(self, four: Sequence[np.ndarray], settings: Settings) -> None:
        """As `ChunkPipeline.prepare`; a smaller stream waits for all frames."""
        if self._pipeline is not None and self._size == self._full:
            self._pipeline.prepare(four, settings)

    def settle(self) -> None:
        if self._pipeline is not None:
            self._pipeline.settle()

    def reset(self) -> None:
        if self._pipeline is not None:
            self._pipeline.reset()

    def _smaller(self, frames: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        if self._size == self._full:
            return frames
        return [_resized(frame, self._size, cv2.INTER_AREA) for frame in frames]

    def _larger(self, frames: np.ndarray) -> np.ndarray:
        if self._size == self._full or not len(frames):
            return frames
        return np.stack([_resized(frame, self._full, cv2.INTER_LINEAR) for frame in frames])


def _resized(frame: np.ndarray, size: tuple[int, int], interpolation: int) -> np.ndarray:
    """To (height, width), with what that does to its shape: the way back undoes it."""
    return cv2.resize(frame, size[::-1], interpolation=interpolation)
