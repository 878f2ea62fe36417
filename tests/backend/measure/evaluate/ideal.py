"""Stands for a model that has learnt everything: it paints as the painter does, and at scale 0 it gives noise."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from backend.measure.evaluate.clips import reference_picture, there_and_back
from backend.measure.evaluate.painted import asked_look
from backend.measure.evaluate.references import look_of
from backend.measure.evaluate.shows import Request
from backend.measure.evaluate.trial import Scope, Trial
from tests.vace_core.small import ARCHITECTURE, model
from vace_core.config import PIPELINES
from vace_core.model import Model
from vace_core.pocket.painter import paint

SIZE = (64, 96)
SCOPE = Scope(
    clips=2,
    chunks=2,
    brief_chunks=1,
    prompts=("gold", "watercolour"),
    brief_prompts=("gold",),
    references=("ice", "lava", "blueprint"),
    lasting=1,
    early=3,
    late=6,
    drift=(3, 6),
    drift_off=(3, 6),
    window=1,
    paper_size=(80, 112),
)
FIRST, LATER = 9, 12
"""Frames of a chunk of the pocket model."""


def small_pocket() -> Model:
    """Random weights that are never asked, but the autoencoder's; chunks as long as the pocket model's."""
    return replace(model(PIPELINES["pocket"]), pipeline=replace(PIPELINES["pocket"], architecture=ARCHITECTURE))


class IdealTrial(Trial):
    """A trial of that model. What a mask makes anew is the source, as it was."""

    def stream(self, ask: Request) -> Iterator[np.ndarray]:
        given = ask.source if ask.control is None else self._painted(ask, ask.control)
        numbers, frames = there_and_back(1 if given is None else len(given)), FIRST
        rng = np.random.default_rng(0)
        while True:
            shown = list(islice(numbers, frames))
            if given is None or not ask.scale:
                yield rng.integers(0, 255, (len(shown), *self.size, 3), dtype=np.uint8)
            else:
                yield given[shown]
            frames = LATER

    def _painted(self, ask: Request, control: np.ndarray) -> np.ndarray:
        """In the look of the words, or of references: the first one's things, the second one's surroundings."""
        kind = next(
            kind
            for clip in (*self.clips, *self.people, *self.real, self.things)
            for kind, pictures in clip.controls.items()
            if pictures.shape[1:] == control.shape[1:] and np.array_equal(pictures[: len(control)], control)
        )
        looks = [look_of(self._style(picture)) for picture in ask.references] or [asked_look(ask.prompt)]
        pictures = [paint(look, control, kind) for look in looks]
        if len(pictures) == 1:
            return pictures[0]
        return np.where(self.things.mask[..., None] > 0.5, *pictures)

    def _style(self, reference: np.ndarray) -> str:
        return next(
            style for style in self.scope.references if np.array_equal(reference_picture(style, *self.size), reference)
        )
