"""Outputs beside the painter's pictures of their control, as they come in, for one kind of control."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from vace_core.pocket.looks import STYLES, Look

from .figures import REAL, Arms, Figure, mean, pictures_of
from .measures.detail import gradient_correlation, sharpness, tile_ratio
from .measures.light import colour_distance
from .measures.likeness import ssim
from .painted import Gallery, Target, some
from .readers import depth_error

Measure = Callable[[np.ndarray, Target], float]

MEASURES: dict[str, Measure] = {
    "rmse": lambda made, target: depth_error(some(made), some(target.clip.depth[: len(made)])),
    "ssim": lambda made, target: ssim(some(made), some(target.pictures)),
    "gradient_correlation": lambda made, target: gradient_correlation(some(made), some(target.pictures)),
    "colour_distance": lambda made, target: colour_distance(some(made), some(target.pictures)),
    "sharpness": lambda made, target: sharpness(some(made), some(target.pictures)),
    "tile_ratio": lambda made, _: tile_ratio(some(made)),
    "flicker": lambda made, target: target.clip.motion.flicker(made),
}
"""Each is of an output [F, H, W, 3] uint8 and of what it should be."""
OF_THE_PAINTER = {"rmse": "flawless", "tile_ratio": "truth", "flicker": "truth"}
"""What is said of the painter's own pictures too, and what that is called."""
OF_THE_AUTOENCODER = ("ssim", "gradient_correlation", "sharpness", "tile_ratio")
"""What is said too of the painter's pictures after the autoencoder."""


@dataclass
class Words:
    """Which styles outputs were nearest to, beside the words that they were asked for by, in the order of asking."""

    asked: list[str] = field(default_factory=list)
    seen: list[list[str]] = field(default_factory=list)
    off: list[list[str]] = field(default_factory=list)

    def add(self, asked: str, seen: str, off: str) -> None:
        """One output more; those under one word come one after the other."""
        if not self.asked or self.asked[-1] != asked:
            self.asked.append(asked)
            self.seen.append([])
            self.off.append([])
        self.seen[-1].append(seen)
        self.off[-1].append(off)

    def figure(self, name: str, chance: float) -> Figure:
        """Shares of outputs that are as asked."""
        others = [*self.asked[1:], *self.asked[:1]]
        shares = (_share(self.asked, self.seen), _share(self.asked, self.off), _share(others, self.seen))
        return Figure(name, *shares, {"chance": chance})


class Comparison:
    """Outputs under one kind of control, of drawn clips or of real ones."""

    def __init__(self, kind: str, real: bool) -> None:
        self.kind = kind
        self.real = real
        self._arms = {name: Arms() for name in MEASURES if name != "rmse" or kind == "depth"}
        self._painter: dict[str, list[float]] = {name: [] for name in OF_THE_PAINTER}
        self._autoencoder: dict[str, list[float]] = {name: [] for name in OF_THE_AUTOENCODER}
        self._words = Words()
        self._galleries: dict[tuple[int, Look], Gallery] = {}

    def add(self, target: Target, made: np.ndarray, off: np.ndarray, shuffled: np.ndarray) -> None:
        """An output, one of the same prompt at scale 0, and one of the same prompt under another clip's control."""
        for name, arms in self._arms.items():
            measure = MEASURES[name]
            arms.add(lambda pictures, measure=measure: measure(pictures, target), made, off, shuffled)
            if name in OF_THE_PAINTER:
                self._painter[name].append(measure(target.pictures, target))
        gallery = self._gallery(target)
        self._words.add(target.look.style, *(gallery.nearest(pictures).style for pictures in (made, off[: len(made)])))

    def add_autoencoder(self, target: Target, decoded: np.ndarray) -> None:
        """The painter's pictures as they come back from the autoencoder."""
        for name, values in self._autoencoder.items():
            values.append(MEASURES[name](decoded, target))

    def figures(self) -> Iterator[Figure]:
        """The figures named by `pictures_of`."""
        for name in pictures_of(self.kind, self.real):
            measure = name.removeprefix(f"{self.kind}_").removesuffix(REAL)
            if measure in self._arms:
                yield self._figure(name, measure)
            else:
                yield self._words.figure(name, 1 / len(STYLES))

    def _figure(self, name: str, measure: str) -> Figure:
        more = {}
        if measure in OF_THE_PAINTER:
            more[OF_THE_PAINTER[measure]] = mean(self._painter[measure])
        if self._autoencoder.get(measure):
            more["autoencoder_alone"] = mean(self._autoencoder[measure])
        return self._arms[measure].figure(name, **more)

    def _gallery(self, target: Target) -> Gallery:
        """Of every style beside it: painted once for each clip, and for each palette, time and weather."""
        key = (id(target.clip), replace(target.look, style=STYLES[0]))
        if key not in self._galleries:
            control = target.clip.controls[self.kind][: target.frames]
            self._galleries[key] = Gallery.of_styles(target.look, control, self.kind)
        return self._galleries[key]


def _share(asked: list[str], seen: list[list[str]]) -> float:
    return mean([float(one == word) for word, ones in zip(asked, seen, strict=True) for one in ones])
