"""A trial: one model, the clips that it is tried on, and how much of it is tried."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.pocket.looks import STYLES

from .clips import (
    FOOTAGE,
    REAL_KINDS,
    Clip,
    clip_with_things,
    clips_with_people,
    drawn_clips,
    real_clip,
    there_and_back,
)
from .shows import Request, chunks_of, frames_of

log = logging.getLogger(__name__)
TELL = 50
LOOP = 19
"""Frames of a clip that a long show plays there and back: 36 frames are three chunks, so that every third is alike."""
MAIN = ("depth", "scribble", "gray")
"""The kinds of control under which every prompt is tried."""


@dataclass(frozen=True)
class Scope:
    """How much is tried. Chunks are numbered from 1; `window` of them are looked at from each of those named.

    prompts are words for styles; chunks and prompts are of MAIN controls, brief_ones of the others and of masks.
    """

    clips: int
    chunks: int
    brief_chunks: int
    prompts: tuple[str, ...]
    brief_prompts: tuple[str, ...]
    references: tuple[str, ...]
    """The styles of the pictures that are shown as references, at least three."""
    lasting: int
    """So many of the references are shown until `late`, the others while they are `early`."""
    early: int
    late: int
    drift: tuple[int, ...]
    drift_off: tuple[int, int]
    window: int
    paper_size: tuple[int, int]
    """Height and width at which kept regions are measured once more."""


FULL = Scope(
    clips=3,
    chunks=2,
    brief_chunks=2,
    prompts=STYLES,
    brief_prompts=STYLES[::9],
    references=STYLES[4::6],
    lasting=2,
    early=3,
    late=300,
    drift=(10, 100, 1000),
    drift_off=(10, 100),
    window=3,
    paper_size=(368, 640),
)
QUICK = Scope(
    clips=2,
    chunks=1,
    brief_chunks=1,
    prompts=STYLES[::12],
    brief_prompts=STYLES[:1],
    references=STYLES[::12],
    lasting=1,
    early=2,
    late=5,
    drift=(3, 24),
    drift_off=(3, 6),
    window=1,
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
        files: Sequence[Path] = (),
    ) -> None:
        """files: real clips besides the bundled one."""
        self.model = model
        self.scope = scope
        self.files = tuple(files)
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
        return type(self)(self.model, self.scope, size, self.reference_mode, self.files)

    def under(self, kind: str) -> tuple[list[Clip], tuple[str, ...], int]:
        """Clips, prompts and chunks that a kind of control is tried with; drawn clips first."""
        drawn = self.people if kind == "pose" else self.clips
        clips = [*drawn, *(self.real if kind in REAL_KINDS else ())]
        scope = self.scope
        if kind in MAIN:
            return clips, scope.prompts, scope.chunks
        return clips, scope.brief_prompts, scope.brief_chunks

    @cached_property
    def people(self) -> list[Clip]:
        return clips_with_people(self.scope.clips, frames_of(self.model.pipeline, self.scope.brief_chunks), *self.size)

    @cached_property
    def real(self) -> list[Clip]:
        """The bundled clip of a camera, and those that were given."""
        return [real_clip(self._frames, *self.size, path) for path in (FOOTAGE, *self.files)]

    @cached_property
    def things(self) -> Clip:
        """The clip under whose depth references are shown."""
        return clip_with_things(LOOP, *self.size)

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

    def played(self, clip: Clip, chunk: int) -> Clip:
        """A clip's frames as a show plays them, there and back, from a chunk (1 = first) on, for a window."""
        begin, end = (frames_of(self.model.pipeline, number) for number in (chunk - 1, chunk - 1 + self.scope.window))
        order = there_and_back(len(clip.footage))
        numbers = np.array([next(order) for _ in range(end)][max(begin, 0) :])
        return clip.at(numbers)

    @property
    def _frames(self) -> int:
        longest = frames_of(self.model.pipeline, max(self.scope.chunks, self.scope.brief_chunks))
        return max(longest, LOOP)
