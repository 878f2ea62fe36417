"""Figures: what each is called, what it means, and its three values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vace_core.pocket.painter import CONTROLS

from .clips import REAL_KINDS

DIGITS = 4
LOWER, HIGHER, NEAR_ONE = "lower", "higher", "near 1"
REAL = "_real"
"""Figures of real clips end so."""


@dataclass(frozen=True)
class Meaning:
    """Which way is better, and what it is, for the page."""

    better: str
    doc: str


PICTURES = {
    "ssim": Meaning(
        HIGHER,
        "structural similarity of the output and the painter's picture of the same control in the look asked for. "
        "`autoencoder alone` is that of the painter's picture encoded and decoded, with no model between",
    ),
    "gradient_correlation": Meaning(
        HIGHER, "correlation of the gradients of the two, with their directions: whether edges lie where they should"
    ),
    "colour_distance": Meaning(
        LOWER, "mean CIELAB difference of the two, slightly blurred: about 2 is just seen, 100 is black against white"
    ),
    "sharpness": Meaning(NEAR_ONE, "mean gradient of the output over that of the painter's picture"),
    "tile_ratio": Meaning(
        LOWER,
        "mean gradient across the lines of a grid of 8 pixels, which is what a latent covers, over that just beside "
        "them: where the output is made of tiles this is far above the painter's own, `truth`",
    ),
    "flicker": Meaning(
        LOWER,
        "change of lightness (0..1) from frame to frame along the input's motion, where nothing is hidden. What is "
        "soft flickers less, and some looks lie on the screen while the input moves: read it beside the painter's own, "
        "`truth`",
    ),
    "word_accuracy": Meaning(
        HIGHER,
        "share of outputs that are nearest, of the painter's pictures of the same control in every style, to the one "
        "asked for. Off is the word without control, and so no failure; shuffled is the word of another output",
    ),
}
"""What is measured under every kind of control, beside the painter's picture."""


def pictures_of(kind: str, real: bool) -> tuple[str, ...]:
    """The names of the figures of drawn or real clips under a control of one kind."""
    first = ("rmse",) if kind == "depth" else ()
    return tuple(f"{kind}_{name}{REAL * real}" for name in (*first, *PICTURES))


def _by_kind() -> Iterable[tuple[str, Meaning]]:
    for kind in CONTROLS:
        for real in (False, True)[: 1 + (kind in REAL_KINDS)]:
            for name in pictures_of(kind, real):
                short = name.removeprefix(f"{kind}_").removesuffix(REAL)
                yield name, DEPTH if short == "rmse" else PICTURES[short]


DEPTH = Meaning(
    LOWER,
    "RMSE between the depth given and the depth that our reader reads off the output; of drawn clips the depth given "
    "is exact, of real ones what the depth annotator says. One scale and one shift a clip are fitted first. Nothing "
    "read at all has the spread of the depth itself, about the last column. `flawless` is what the reader reads off "
    "the painter's own pictures",
)
MEANINGS = {
    **dict(_by_kind()),
    "modifier_accuracy": Meaning(
        HIGHER,
        "share of outputs that are nearest, of the painter's pictures with every palette (time, weather), to the one "
        "that a second word asks for, under depth control. Shuffled is the word of another output",
    ),
    "mask_ssim": Meaning(
        HIGHER,
        "SSIM of input and output where the mask keeps the input, windows that see nothing else, as the model gives it",
    ),
    "mask_ssim_pinned": Meaning(HIGHER, "the same with the kept latents pinned to the input's own (`/vace/mask/pin`)"),
    "mask_ssim_composited": Meaning(
        HIGHER, "`mask_ssim` with the kept pixels put back, for which no model is needed (off is 1 too)"
    ),
    "mask_ssim_paper": Meaning(
        HIGHER,
        "`mask_ssim_pinned` at the size of the paper's Table 7 (368 x 640; smaller with --quick), of clips without "
        "grain, which no autoencoder keeps. `not_pinned` is that of the model's own copy",
    ),
    "reference_ssim": Meaning(
        HIGHER,
        "SSIM of the output and the painter's picture of the same depth in the reference's look; with the reference, "
        "depth and no words. Of all figures of references, off is the same without a reference, and shuffled the "
        "output for another reference",
    ),
    "reference_colour": Meaning(LOWER, "colour distance between the same two"),
    "reference_likeness": Meaning(
        HIGHER,
        "how much nearer the output is to the painter's picture in the reference's look than to the nearest of those "
        "in the other references' looks, -1 to 1: 1 is that picture, -1 another's, 0 is as far from it as from another",
    ),
    "reference_style": Meaning(
        HIGHER, "share of outputs that are nearest, of the painter's pictures in every style, to the reference's"
    ),
    "reference_held": Meaning(
        HIGHER,
        "`reference_likeness` late in the show over early in it. Off and shuffled are what forgetting it would give",
    ),
    "two_references": Meaning(
        HIGHER,
        "two references at once: how much nearer the output is to the painter's picture with the clip's things in the "
        "first one's look and what is around them in the second one's than to the next best of these two the wrong "
        "way round, and of either alone, -1 to 1. `one_alone` is where one of the two is shown; shuffled, a third one",
    ),
    "drift": Meaning(
        LOWER,
        "largest relative change of lightness, contrast, colour and sharpness from early to the end of one show of the "
        "same frames again and again. Off: of a show at scale 0. Shuffled: against another clip under another prompt",
    ),
    "drift_depth_rmse": Meaning(LOWER, "`depth_rmse` at the end of that show"),
}


@dataclass(frozen=True)
class Figure:
    """One of MEANINGS with control, at context scale 0, and with the control (mask, reference) of another clip.

    more: what else belongs to it, such as what a flawless picture would score.
    """

    name: str
    control: float
    off: float
    shuffled: float
    more: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """As `evaluate --json` has it."""
        values = {"control": self.control, "off": self.off, "shuffled": self.shuffled}
        return _rounded(values | {"better": MEANINGS[self.name].better} | self.more)

    def __str__(self) -> str:
        rest = "".join(f", {name} {value}" for name, value in self.row().items() if name != "better")
        return f"{self.name} ({MEANINGS[self.name].better} is better): {rest[2:]}"


@dataclass
class Arms:
    """The values of one measure as they come in, for each of the three ways."""

    control: list[float] = field(default_factory=list)
    off: list[float] = field(default_factory=list)
    shuffled: list[float] = field(default_factory=list)

    def add(
        self, measure: Callable[[np.ndarray], float], made: np.ndarray, off: np.ndarray, shuffled: np.ndarray
    ) -> None:
        """What a function of pictures says of an output, of one at scale 0, and of one for another clip's control."""
        self.control.append(measure(made))
        self.off.append(measure(off[: len(made)]))
        self.shuffled.append(measure(shuffled))

    def figure(self, name: str, **more: Any) -> Figure:
        """Their means."""
        return Figure(name, mean(self.control), mean(self.off), mean(self.shuffled), more)


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _rounded(value: Any) -> Any:
    """Numbers at four digits; what is not a number becomes None, which JSON knows."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value
