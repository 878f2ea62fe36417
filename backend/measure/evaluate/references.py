"""Whether a reference is seen in the output, how long it holds, and whether two of them both show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vace_core.pocket.looks import Look, complete

from .clips import Clip, reference_picture
from .figures import Figure, mean
from .measures.light import colour_distance
from .measures.likeness import ssim
from .painted import Gallery, Mixture, Target, some
from .shows import Request
from .trial import Trial

NAMES = (
    "reference_ssim",
    "reference_colour",
    "reference_likeness",
    "reference_style",
    "reference_held",
    "two_references",
)
LEAST = 0.05
"""A likeness below this, early in a show, is none that could hold."""


@dataclass(frozen=True)
class ReferenceTrial:
    """What came of each reference alone, by its style: early, and late for some of them; and without any, early.

    clip and late_clip are the frames that shows play then.
    """

    pictures: dict[str, np.ndarray]
    clip: Clip
    late_clip: Clip
    early: dict[str, np.ndarray]
    late: dict[str, np.ndarray]
    without: np.ndarray

    def next_to(self, style: str, steps: int = 1) -> str:
        """Another reference."""
        styles = list(self.pictures)
        return styles[(styles.index(style) + steps) % len(styles)]

    def gallery(self, clip: Clip) -> Gallery:
        """The painter's pictures of a clip's depth in the references' looks."""
        return Gallery.of([look_of(style) for style in self.pictures], clip.controls["depth"], "depth")


def figures(trial: Trial) -> Iterator[Figure]:
    """NAMES, of shows of one clip's depth without a word."""
    shown = _show_each_alone(trial)
    gallery, styles = shown.gallery(shown.clip), Gallery.of_styles(look_of(""), shown.clip.controls["depth"], "depth")
    targets = {style: Target(shown.clip, "depth", look_of(style), len(shown.without)) for style in shown.pictures}
    measures: dict[str, Callable[[np.ndarray, str], float]] = {
        "reference_ssim": lambda made, style: ssim(some(made), some(targets[style].pictures)),
        "reference_colour": lambda made, style: colour_distance(some(made), some(targets[style].pictures)),
        "reference_likeness": lambda made, style: gallery.likeness(made, look_of(style)),
        "reference_style": lambda made, style: float(styles.nearest(made).style == style),
    }
    for name, measure in measures.items():
        own = mean([measure(shown.early[style], style) for style in shown.pictures])
        none = mean([measure(shown.without, style) for style in shown.pictures])
        other = mean([measure(shown.early[shown.next_to(style)], style) for style in shown.pictures])
        yield Figure(name, own, none, other, {"chance": 1 / len(styles.looks)} if name == "reference_style" else {})
    yield _held(trial, shown, gallery)
    yield _two(trial, shown)


def look_of(style: str) -> Look:
    """A style's look as a reference shows it; of no style, the look of a prompt that says nothing."""
    return complete({"style": style} if style else {})


def asked(trial: Trial, *references: np.ndarray) -> Request:
    """A show of these references [H, W, 3] with one clip's depth, there and back, and no words."""
    depth = trial.things.controls["depth"]
    return Request(control=depth, references=references, reference_mode=trial.reference_mode)


def _show_each_alone(trial: Trial) -> ReferenceTrial:
    scope = trial.scope
    pictures = {style: reference_picture(style, *trial.size) for style in scope.references}
    early, late = {}, {}
    for number, (style, picture) in enumerate(pictures.items()):
        lasts = number < scope.lasting
        seen = trial.windows(asked(trial, picture), (scope.early, scope.late) if lasts else (scope.early,))
        early[style] = seen[0]
        if lasts:
            late[style] = seen[1]
    without = trial.windows(asked(trial), (scope.early,))[0]
    now, later = (trial.played(trial.things, chunk) for chunk in (scope.early, scope.late))
    return ReferenceTrial(pictures, now, later, early, late, without)


def _held(trial: Trial, shown: ReferenceTrial, gallery: Gallery) -> Figure:
    """Each against its likeness early in the show."""
    later = shown.gallery(shown.late_clip)
    late, none, other = [], [], []
    for style, pictures in shown.late.items():
        look = look_of(style)
        early = max(gallery.likeness(shown.early[style], look), LEAST)
        late.append(later.likeness(pictures, look) / early)
        none.append(gallery.likeness(shown.without, look) / early)
        other.append(gallery.likeness(shown.early[shown.next_to(style)], look) / early)
    return Figure(
        "reference_held", mean(late), mean(none), mean(other), {"chunks": [trial.scope.early, trial.scope.late]}
    )


def _two(trial: Trial, shown: ReferenceTrial) -> Figure:
    """Neighbours two by two, half as many pairs as references, since each is a show of its own."""
    both, none, third, alone = [], [], [], []
    for style in list(shown.pictures)[: max(len(shown.pictures) // 2, 1)]:
        other = shown.next_to(style)
        mixture = Mixture.of(look_of(style), look_of(other), shown.clip)
        ask = asked(trial, shown.pictures[style], shown.pictures[other])
        both.append(mixture.margin(trial.windows(ask, (trial.scope.early,))[0]))
        none.append(mixture.margin(shown.without))
        third.append(mixture.margin(shown.early[shown.next_to(style, 2)]))
        alone += [mixture.margin(shown.early[one]) for one in (style, other)]
    return Figure("two_references", mean(both), mean(none), mean(third), {"one_alone": mean(alone)})
