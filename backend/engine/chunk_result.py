"""What a chunk is made of and what becomes of it: the one that is on its way, and the finished one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from vace_core.annotators.pixels import pixels

from .masks.shaping import composite
from .messages import Refused, Stage

HandOut = Callable[[np.ndarray, int, Any], None]
"""Takes finished frames `[F, H, W, 3]`: frames, the place of the first of them in its chunk, the chunk's tag."""


@dataclass(frozen=True)
class ChunkResult:
    """A finished chunk. Frames are uint8 RGB `[H, W, 3]`.

    frames: `[F, H, W, 3]`, the last frames of the chunk that came with `tag`, without the `handed_out` ones before
    them; none while a stream batch has no chunk finished. faults: (address, reason) of settings that could not be
    followed. refused: those of them that can't be had at all, and what was used in their place. faded: all the model's
    frames are of one colour, although those that were put in are not. seconds: what its stages took.

    control_video `[1, 3, F, H, W]` in [-1, 1] and masks, float32 `[H, W]` each: those of the frames that were put in;
    None where there is none.
    """

    frames: np.ndarray
    mode: str
    control_video: Tensor | None
    masks: Sequence[np.ndarray] | None
    faults: tuple[tuple[str, str], ...]
    refused: tuple[Refused, ...] = ()
    tag: Any = None
    handed_out: int = 0
    faded: bool = False
    seconds: dict[Stage, float] = field(default_factory=dict)
    fit: Callable[[np.ndarray], np.ndarray] = lambda frames: frames
    """Makes frames `[F, H, W, 3]` as large as the show's."""

    @cached_property
    def control(self) -> np.ndarray | None:
        """The control video for the eye, `[F, H, W, 3]`; made when it is first asked for."""
        return None if self.control_video is None else self.fit(pixels(self.control_video))

    @cached_property
    def mask(self) -> np.ndarray | None:
        """The masks for the eye, `[F, H, W, 3]`; made when they are first asked for."""
        if self.masks is None:
            return None
        gray = (np.stack(self.masks) * 255).astype(np.uint8)
        return self.fit(np.repeat(gray[..., None], 3, axis=3))


@dataclass(frozen=True)
class PendingChunk:
    """What a chunk that is on its way was asked with, and what is done with its frames when it arrives."""

    placed: Sequence[np.ndarray]
    """The source's frames on the canvas."""
    weights: Sequence[np.ndarray] | None
    modes: str
    """What a mask stands for: inpainting, outpainting or both."""
    tag: Any

    def finish(self, frames: np.ndarray, first: int) -> np.ndarray:
        """Put the input's own pixels where the mask keeps them, if that is wanted; `first`: the first frame's place."""
        if self.weights is None:
            return frames
        part = slice(first, first + len(frames))
        trios = zip(frames, self.placed[part], self.weights[part], strict=True)
        return np.stack([composite(*trio) for trio in trios])
