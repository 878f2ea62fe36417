"""A trial: one model, the clips that it is tried on, and how much of it is tried."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from vace_core.controls import Controls
from vace_core.model import Model

from .clips import Clip, clips_with_people, drawn_clips, real_clip
from .readers import LOOKS
from .shows import Request, chunks_of, frames_of

log = logging.getLogger(__name__)
TELL = 50
LOOP = 19
"""Frames of a clip that a long show plays there and back: 36 frames are three chunks, so that every third is alike."""


@dataclass(frozen=True)
class Scope:
    """How much is tried. Chunks are numbered from 1; `window` of them are looked at from each of those named.

    clips and chunks are of depth and prompts; brief_chunks and brief_prompts of the other controls and of masks.
    """

    clips: int
    chunks: int
    brief_chunks: int
    prompts: tuple[str, ...]
    brief_prompts: tuple[str, ...]
    references: tuple[str, ...]
    lasting: int
    """So many of the references are shown until `late`, the others while they are `early`."""
    early: int
    late: int
    drift: tuple[int, ...]
    drift_off: tuple[int, int]
    window: int
    scenes: int
    """Drawn scenes on which the readers are checked."""
    paper_size: tuple[int, int]
    """Height and width at which kept regions are measured once more."""


FULL = Scope(
    clips=5,
    chunks=5,
    brief_chunks=3,
    prompts=tuple(LOOKS),
    brief_prompts=("sunset", "city", "forest", "aurora"),
    references=("city", "aurora", "inferno", "sunset", "forest", "underwater"),
    lasting=2,
    early=3,
    late=300,
    drift=(10, 100, 1000),
    drift_off=(10, 100),
    window=3,
    scenes=30,
    paper_size=(368, 640),
)
QUICK = Scope(
    clips=2,
    chunks=2,
    brief_chunks=1,
    prompts=("city", "aurora"),
    brief_prompts=("city",),
    references=("city", "aurora", "inferno"),
    lasting=1,
    early=2,
    late=5,
    drift=(3, 24),
    drift_off=(3, 6),
    window=1,
    scenes=2,
    paper_size=(192, 320),
)


class Trial:
    """Clips are drawn, and shows made, when they are first asked for."""

    def __init__(
        self,
        model: Model,
        scope: Scope,
        size: tuple[int, int] | None = None,
        reference_mode: str = Controls.reference_mode,
    ) -> None:
        self.model = model
        self.scope = scope
        self.reference_mode = reference_mode
        self.size = size or (model.pipeline.height, model.pipeline.width)
        self._off: dict[str, np.ndarray] = {}
        self._chunks = 0

    @cached_property
    def clips(self) -> list[Clip]:
        return drawn_clips(self.scope.clips, self._frames, *self.size)

    @cached_property
    def clean_clips(self) -> list[Clip]:
        """The same without film grain."""
        return drawn_clips(self.scope.clips, self._frames, *self.size, grain=False)

    def at(self, size: tuple[int, int]) -> Trial:
        """The same at another size, height and width."""
        return type(self)(self.model, self.scope, size, self.reference_mode)

    @cached_property
    def people(self) -> list[Clip]:
        return clips_with_people(self.scope.clips, frames_of(self.model.pipeline, self.scope.brief_chunks), *self.size)

    @cached_property
    def footage(self) -> Clip:
        return real_clip(self._frames, *self.size)

    def off(self, prompt: str) -> np.ndarray:
        """A show of the prompt at context scale 0, the same for every control."""
        if prompt not in self._off:
            self._off[prompt] = self.show(Request(prompt, scale=0.0), self.scope.chunks)
        return self._off[prompt]

    def show(self, ask: Request, chunks: int) -> np.ndarray:
        """The first so many chunks [F, H, W, 3] uint8."""
        return np.concatenate(list(islice(self.stream(ask), chunks)))

    def windows(self, ask: Request, begins: tuple[int, ...]) -> list[np.ndarray]:
        """Of one show, `window` chunks from each of those numbers on (1 = first, rising), as [F, H, W, 3] uint8."""
        wanted = [range(begin, begin + self.scope.window) for begin in begins]
        found: list[list[np.ndarray]] = [[] for _ in wanted]
        for number, chunk in enumerate(islice(self.stream(ask), wanted[-1][-1]), 1):
            for numbers, chunks in zip(wanted, found, strict=True):
                if number in numbers:
                    chunks.append(chunk)
        return [np.concatenate(chunks) for chunks in found]

    def stream(self, ask: Request) -> Iterator[np.ndarray]:
        """Chunk after chunk without end; every so many are told to the log."""
        for chunk in chunks_of(self.model, ask, self.size):
            self._chunks += 1
            if self._chunks % TELL == 0:
                log.info("%d chunks made", self._chunks)
            yield chunk

    @property
    def _frames(self) -> int:
        return frames_of(self.model.pipeline, max(self.scope.chunks, self.scope.brief_chunks))
