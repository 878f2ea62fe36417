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
SLIGHT, COARSE = 0.8, 4.0
"""Sigmas of blurs of pictures of half the size: before they are set against each other, and of colours in areas."""
FINE = 2.0
"""How much more what is finer than that counts. With it, and in CIELAB, roughened pictures were recognised best."""
LEAST = 1e-6
"""Distances whose sum is below this are none."""


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
    """The painter's pictures of one control in several looks, as `sight` has them: [L, F, H / 2, W / 2, 6]."""

    looks: tuple[Look, ...]
    sights: np.ndarray

    @classmethod
    def of(cls, looks: Sequence[Look], control: np.ndarray, kind: str) -> Gallery:
        """control: the pictures [F, H, W, 3] of a control of that kind; some of the frames are painted."""
        seen = some(control)
        return cls(tuple(looks), np.stack([sight(paint(look, seen, kind)) for look in looks]))

    @classmethod
    def of_styles(cls, look: Look, control: np.ndarray, kind: str) -> Gallery:
        """Every style there is, the other aspects as in `look`."""
        return cls.of([replace(look, style=style) for style in STYLES], control, kind)

    def distances(self, made: np.ndarray) -> np.ndarray:
        """How far pictures [F, H, W, 3] uint8 of the same frames are from each look [L]."""
        return _apart(self.sights, made)

    def nearest(self, made: np.ndarray) -> Look:
        """The look that pictures are nearest to."""
        return self.looks[int(self.distances(made).argmin())]

    def likeness(self, made: np.ndarray, look: Look) -> float:
        """How much nearer pictures are to one of the looks than to the nearest of the others, -1 to 1.

        1 is that look's own picture, -1 another's; 0 is as far from it as from another.
        """
        return _margin(self.distances(made), self.looks.index(look))


@dataclass(frozen=True)
class Mixture:
    """Two looks in one picture, the first of a clip's things and the second of what is around them.

    sights [4, ...]: of that, of both looks the wrong way round, and of either look alone. weights [F, H, W]: things
    and surroundings count the same, whatever they cover.
    """

    sights: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, things_look: Look, other_look: Look, clip: Clip) -> Mixture:
        """Of what the painter makes of a clip's depth; its mask is on its things."""
        first, second = (paint(look, some(clip.controls["depth"]), "depth") for look in (things_look, other_look))
        things = some(clip.mask) > 0.5
        places = things[..., None]
        mixed = (np.where(places, first, second), np.where(places, second, first), first, second)
        share = min(max(float(things.mean()), 1e-3), 1 - 1e-3)
        weights = np.where(things, 0.5 / share, 0.5 / (1 - share)).astype(np.float32)
        return cls(np.stack([sight(pictures) for pictures in mixed]), halved(weights))

    def margin(self, made: np.ndarray) -> float:
        """How much nearer pictures are to both looks, each in its place, than to the nearest of the others, -1 to 1.

        1 is the painter's own picture.
        """
        return _margin(_apart(self.sights, made, self.weights), 0)


def sight(pictures: np.ndarray) -> np.ndarray:
    """What is compared of pictures [F, H, W, 3] uint8: [F, H / 2, W / 2, 6] float32, in CIELAB.

    The first three are colours in areas, the others what is finer, in which an edge that is off by a pixel is forgiven.
    """
    out = []
    for picture in halved(pictures):
        soft = cv2.GaussianBlur(picture.astype(np.float32) / 255, (0, 0), SLIGHT)
        colours = cv2.cvtColor(soft, cv2.COLOR_RGB2LAB)
        areas = cv2.GaussianBlur(colours, (0, 0), COARSE)
        out.append(np.concatenate((areas, FINE * (colours - areas)), axis=-1))
    return np.stack(out)


def halved(values: np.ndarray) -> np.ndarray:
    """Frames [F, H, W] or [F, H, W, 3] at half their height and width."""
    height, width = values.shape[1:3]
    return np.stack([cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for frame in values])


def other_values(look: Look, aspect: str, values: Sequence[str]) -> list[Look]:
    """A look with each of the values of one of its aspects."""
    if aspect not in {field.name for field in fields(look)}:
        raise ValueError(f"a look has no aspect {aspect!r}")
    return [replace(look, **{aspect: value}) for value in values]


def _apart(sights: np.ndarray, made: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean difference of pictures from each of several sights; weights [F, H / 2, W / 2]: how much a place counts."""
    own = sight(some(made))
    return np.array([np.average(np.abs(own - one).mean(axis=-1), weights=weights) for one in sights])


def _margin(distances: np.ndarray, wanted: int) -> float:
    own, other = float(distances[wanted]), float(np.delete(distances, wanted).min())
    return (other - own) / max(other + own, LEAST)
