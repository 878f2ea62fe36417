"""What outputs should be: the painter's pictures of the same control, in the look that was asked for and in others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import cv2
import numpy as np

from vace_core.pocket.looks import STYLES, Look, complete
from vace_core.pocket.painter import paint
from vace_core.pocket.words import read

from .clips import Clip

EVERY = 3
"""One frame in so many is compared; only for flicker all of them are."""
SLIGHT = 0.8
"""Sigma of the blur of pictures of half the size, before they are set against each other."""


def asked_look(prompt: str) -> Look:
    """The look that the words of a prompt name, completed as the model's own words are."""
    return complete(read(prompt).named)


def some(pictures: np.ndarray) -> np.ndarray:
    """One frame in EVERY of a clip, the last ones of the latents' fours among them."""
    return pictures[EVERY - 1 :: EVERY] if len(pictures) >= EVERY else pictures


@dataclass(frozen=True)
class Target:
    """What an output under a clip's control of one kind should be, in a look; of the clip's first `frames` frames."""

    clip: Clip
    kind: str
    look: Look
    frames: int

    @cached_property
    def pictures(self) -> np.ndarray:
        """[F, H, W, 3] uint8."""
        return paint(self.look, self.clip.controls[self.kind][: self.frames], self.kind)


@dataclass(frozen=True)
class Gallery:
    """The painter's pictures of one control in several looks, made small: [L, F, H / 2, W / 2, 3] uint8."""

    looks: tuple[Look, ...]
    pictures: np.ndarray

    @classmethod
    def of(cls, looks: Sequence[Look], control: np.ndarray, kind: str) -> Gallery:
        """control: the pictures [F, H, W, 3] of a control of that kind; some of the frames are painted."""
        seen = some(control)
        return cls(tuple(looks), np.stack([softened(paint(look, seen, kind)) for look in looks]))

    @classmethod
    def of_styles(cls, look: Look, control: np.ndarray, kind: str) -> Gallery:
        """Every style there is, the other aspects as in `look`."""
        return cls.of([replace(look, style=style) for style in STYLES], control, kind)

    def distances(self, made: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """How far pictures [F, H, W, 3] uint8 of the same frames are from each look [L]: mean difference, 0..1.

        weights [F, H, W], where they are given, say how much each pixel counts.
        """
        own = softened(some(made))
        counted = np.ones(own.shape[:3], np.float32) if weights is None else halved(some(weights))
        apart = [(cv2.absdiff(own, one).mean(axis=-1) * counted).sum() for one in self.pictures]
        return np.array(apart) / max(float(counted.sum()), 1.0) / 255

    def nearest(self, made: np.ndarray) -> Look:
        """The look that pictures are nearest to."""
        return self.looks[int(self.distances(made).argmin())]

    def likeness(self, made: np.ndarray, look: Look) -> float:
        """How much nearer pictures are to one of the looks than to the others, by the means: -1 to 1.

        1 is that look's own picture; 0 is as far from it as from the others.
        """
        return _nearer(self.distances(made), self.looks.index(look))


@dataclass(frozen=True)
class Mixture:
    """Two looks in one picture: the first one of a clip's things, the second of what is around them.

    things [F, H, W] float32, 1 on the clip's things.
    """

    gallery: Gallery
    things: np.ndarray

    def margin(self, made: np.ndarray) -> float:
        """How much nearer pictures are to both looks, each in its place, than to the next best, -1 to 1.

        The others are both looks the wrong way round, and either look alone. Things and surroundings count the same,
        whatever they cover. 1 is the painter's own picture.
        """
        inside, outside = (self.gallery.distances(made, part) for part in (self.things, 1 - self.things))
        wanted, *others = (inside[a] + outside[b] for a, b in ((0, 1), (1, 0), (0, 0), (1, 1)))
        best = min(others)
        return float((best - wanted) / max(best + wanted, 1e-6))


def softened(pictures: np.ndarray) -> np.ndarray:
    """[F, H, W, 3] uint8 at half the size, slightly blurred, so that an edge that is off by a pixel is forgiven."""
    return np.stack([cv2.GaussianBlur(picture, (0, 0), SLIGHT) for picture in halved(pictures)])


def halved(values: np.ndarray) -> np.ndarray:
    """Frames [F, H, W] or [F, H, W, 3] at half their height and width."""
    height, width = values.shape[1:3]
    return np.stack([cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for frame in values])


def other_values(look: Look, aspect: str, values: Sequence[str]) -> list[Look]:
    """A look with each of the values of one of its aspects."""
    if aspect not in {field.name for field in fields(look)}:
        raise ValueError(f"a look has no aspect {aspect!r}")
    return [replace(look, **{aspect: value}) for value in values]


def _nearer(distances: np.ndarray, own: int) -> float:
    others = float(np.delete(distances, own).mean())
    return (others - float(distances[own])) / max(others + float(distances[own]), 1e-6)
