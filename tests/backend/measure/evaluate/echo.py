"""Stands for a model: its output is its control or its source, with references a mixture of them, else noise."""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from backend.measure.evaluate.clips import there_and_back
from backend.measure.evaluate.shows import Request
from backend.measure.evaluate.trial import Scope, Trial

SIZE = (64, 96)
SCOPE = Scope(
    clips=2,
    chunks=2,
    brief_chunks=1,
    prompts=("city", "aurora"),
    brief_prompts=("city",),
    references=("city", "aurora", "inferno"),
    lasting=1,
    early=3,
    late=6,
    drift=(3, 6),
    drift_off=(3, 6),
    window=1,
    scenes=1,
    paper_size=(80, 112),
)
FIRST, LATER = 9, 12
"""Frames of a chunk of the pocket model."""


class EchoTrial(Trial):
    """A trial of that model."""

    def stream(self, ask: Request) -> Iterator[np.ndarray]:
        given = ask.control if ask.control is not None else ask.source
        numbers, frames = there_and_back(1 if given is None else len(given)), FIRST
        rng = np.random.default_rng(0)
        while True:
            shown = list(islice(numbers, frames))
            yield self._chunk(ask, given, shown, rng)
            frames = LATER

    def _chunk(self, ask: Request, given: np.ndarray | None, shown: list[int], rng: np.random.Generator) -> np.ndarray:
        if not ask.scale or given is None:
            return rng.integers(0, 255, (len(shown), *self.size, 3), dtype=np.uint8)
        if ask.references:
            mixture = np.mean(ask.references, axis=0).astype(np.uint8)
            return np.repeat(mixture[None], len(shown), axis=0)
        return given[shown]
