"""Whether a reference is seen in the output, how long it holds, and whether two of them both show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .clips import reference_picture
from .figures import Figure, mean
from .measures.light import colour_distance
from .readers import LOOKS, read_look, see_look
from .shows import Request
from .trial import LOOP, Trial

NAMES = ("reference_look", "reference_colour", "reference_likeness", "reference_held", "two_references")
LEAST = 0.05
"""A likeness below this, early in a show, is none that could hold."""


@dataclass(frozen=True)
class ReferenceTrial:
    """Pictures [H, W, 3] by the word of their look, and what came of each alone: early, and late for some of them."""

    pictures: dict[str, np.ndarray]
    early: dict[str, np.ndarray]
    late: dict[str, np.ndarray]
    without: np.ndarray

    def next_to(self, word: str, steps: int = 1) -> str:
        """Another reference."""
        words = list(self.pictures)
        return words[(words.index(word) + steps) % len(words)]

    def likeness(self, made: np.ndarray, word: str) -> float:
        """The cosine of what is seen in a show and in a reference, both without what all references have in common."""
        mean_sight = np.mean(list(self.sights.values()), axis=0)
        a, b = see_look(made) - mean_sight, self.sights[word] - mean_sight
        return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))

    @cached_property
    def sights(self) -> dict[str, np.ndarray]:
        return {word: see_look(picture[None]) for word, picture in self.pictures.items()}


def figures(trial: Trial) -> Iterator[Figure]:
    """NAMES, of shows of one clip's depth without a word."""
    shown = _show_each_alone(trial)
    words = list(shown.pictures)
    for name, measure in (
        ("reference_look", lambda made, word: _sure(made, word)),
        ("reference_colour", lambda made, word: colour_distance(made, shown.pictures[word][None])),
        ("reference_likeness", shown.likeness),
    ):
        own = mean([measure(shown.early[word], word) for word in words])
        none = mean([measure(shown.without, word) for word in words])
        other = mean([measure(shown.early[shown.next_to(word)], word) for word in words])
        yield Figure(name, own, none, other, {"chance": 1 / len(LOOKS)} if name == "reference_look" else {})
    yield _held(trial, shown)
    yield _two(trial, shown)


def _show_each_alone(trial: Trial) -> ReferenceTrial:
    scope = trial.scope
    pictures = {word: reference_picture(word, *trial.size) for word in scope.references}
    early, late = {}, {}
    for number, (word, picture) in enumerate(pictures.items()):
        lasts = number < scope.lasting
        seen = trial.windows(asked(trial, picture), (scope.early, scope.late) if lasts else (scope.early,))
        early[word] = seen[0]
        if lasts:
            late[word] = seen[1]
    without = trial.windows(Request(scale=0.0), (scope.early,))[0]
    return ReferenceTrial(pictures, early, late, without)


def _held(trial: Trial, shown: ReferenceTrial) -> Figure:
    """Each against its likeness early in the show; colour_distance too, which should not grow above 1."""
    late, none, other, colours = [], [], [], []
    for word, pictures in shown.late.items():
        early, reference = max(shown.likeness(shown.early[word], word), LEAST), shown.pictures[word][None]
        late.append(shown.likeness(pictures, word) / early)
        none.append(shown.likeness(shown.without, word) / early)
        other.append(shown.likeness(shown.early[shown.next_to(word)], word) / early)
        colours.append(colour_distance(pictures, reference) / colour_distance(shown.early[word], reference))
    more = {"chunks": [trial.scope.early, trial.scope.late], "colour_distance": mean(colours)}
    return Figure("reference_held", mean(late), mean(none), mean(other), more)


def _two(trial: Trial, shown: ReferenceTrial) -> Figure:
    """Neighbours two by two, half as many pairs as references, since each is a show of its own."""
    both, none, third, alone = [], [], [], []
    for word in list(shown.pictures)[: len(shown.pictures) // 2]:
        other = shown.next_to(word)
        ask = asked(trial, shown.pictures[word], shown.pictures[other])

        def weaker(made: np.ndarray, pair: tuple[str, str] = (word, other)) -> float:
            return min(shown.likeness(made, one) for one in pair)

        both.append(weaker(trial.windows(ask, (trial.scope.early,))[0]))
        none.append(weaker(shown.without))
        third.append(weaker(shown.early[shown.next_to(word, 2)]))
        alone += [weaker(shown.early[word]), weaker(shown.early[other])]
    return Figure("two_references", mean(both), mean(none), mean(third), {"one_alone": mean(alone)})


def asked(trial: Trial, *references: np.ndarray) -> Request:
    """A show of these references [H, W, 3] with one clip's depth, there and back, and no words."""
    depth = trial.clips[0].controls["depth"].pictures[:LOOP]
    return Request(control=depth, references=references, reference_mode=trial.reference_mode)


def _sure(pictures: np.ndarray, word: str) -> float:
    return float(read_look(pictures)[list(LOOKS).index(word)])
