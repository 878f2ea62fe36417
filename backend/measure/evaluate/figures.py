"""Figures: what each is called, what it means, and its three values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .clips import Clip

DIGITS = 4
LOWER, HIGHER = "lower", "higher"


@dataclass(frozen=True)
class Meaning:
    """Which way is better, and what it is, for the page."""

    better: str
    doc: str


MEANINGS = {
    "depth_rmse": Meaning(
        LOWER,
        "RMSE between the depth given, exact, and the depth read off the output, unseen drawn clips. One scale and one "
        "shift a clip are fitted first. Nothing read at all has the spread of the depth itself, about the last column",
    ),
    "depth_rmse_footage": Meaning(
        LOWER, "the same on the bundled camera clip, where what the depth annotator says stands for the truth"
    ),
    "prompt_accuracy": Meaning(
        HIGHER,
        "share of outputs in whose look the reader of looks recognises the prompt, one word of twelve, under depth "
        "control. Shuffled is the prompt of another; off is the prompt without control, and so no failure",
    ),
    "flicker": Meaning(
        LOWER,
        "change of lightness (0..1) from frame to frame along the input's motion, where nothing is hidden. Off and "
        "shuffled move otherwise than the input; what is soft flickers less, so read it beside `input`",
    ),
    "scribble_f1": Meaning(HIGHER, "lines of the output against the lines given, two pixels of tolerance"),
    "gray_correlation": Meaning(HIGHER, "lightness of the output against the lightness given"),
    "flow_glow": Meaning(
        HIGHER, "lightness of the output against the speed given: the drawn world shows motion as a glow"
    ),
    "flow_error": Meaning(
        LOWER, "end-point error of the output's own motion, in mean lengths of the input's: 1 is a still picture"
    ),
    "layout_light": Meaning(HIGHER, "light inside the boxes against outside: (in - out) / (in + out)"),
    "pose_light": Meaning(HIGHER, "the same on the people against beside them"),
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
    "reference_look": Meaning(
        HIGHER, "how sure the reader of looks is of the reference's look, with the reference, depth and no words"
    ),
    "reference_colour": Meaning(LOWER, "Fréchet distance of the output's colours to the reference's"),
    "reference_likeness": Meaning(
        HIGHER,
        "likeness to the reference in all that the reader of looks sees: the cosine, -1 to 1, with the references' "
        "mean taken off",
    ),
    "reference_held": Meaning(
        HIGHER,
        "`reference_likeness` late in the show over early in it. Off and shuffled are what forgetting it would give",
    ),
    "two_references": Meaning(
        HIGHER,
        "`reference_likeness` to the less like one where two are shown at once; `one_alone` is that where one of the "
        "two is shown. Off is without references, shuffled with a third one",
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

    measure: Callable[[np.ndarray, Clip], float]
    control: list[float] = field(default_factory=list)
    off: list[float] = field(default_factory=list)
    shuffled: list[float] = field(default_factory=list)

    def add(self, clips: Sequence[Clip], made: Sequence[np.ndarray], off: np.ndarray) -> None:
        """made: a show for each clip, all else the same: the next one's is then this one's with another's control."""
        for number, clip in enumerate(clips):
            self.add_one(clip, made[number], made[(number + 1) % len(made)], off)

    def add_one(self, clip: Clip, made: np.ndarray, other: np.ndarray, off: np.ndarray) -> None:
        self.control.append(self.measure(made, clip))
        self.off.append(self.measure(off[: len(made)], clip))
        self.shuffled.append(self.measure(other, clip))

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
