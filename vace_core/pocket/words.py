"""Words to tokens: the pocket model knows some seventy concepts, and this finds them in what people type.

A prompt becomes one token for each aspect of a look, whatever was said: an aspect that nobody named is filled with
what goes with the rest (`looks.complete`), so that one word is enough. Words that mean nothing here are
reported and left out.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache

from .looks import ASPECTS, complete
from .thesaurus import CONCEPTS, FILLERS, GROUND_TWINS, GROUND_WORDS, LEADS, MATERIAL_TWINS, STYLES

PAD, END = 0, 1
LENGTH = 24
IDS = {concept: number for number, concept in enumerate(CONCEPTS, 2)}
VOCABULARY = len(IDS) + 2
_PHRASES = {
    "black and white": "monochrome",
    "northern lights": "aurora",
    "outer space": "space",
    "blue sky": "day",
    "golden hour": "sunset",
    "city lights": "city",
    "deep sea": "underwater",
    "under water": "underwater",
    "under the sea": "underwater",
    "clear sky": "day",
    "clear day": "day",
    "van gogh": "vangogh",
    "new york": "city",
    "blade runner": "bladerunner",
    "high contrast": "vivid",
    "chess board": "chessboard",
    "pop art": "popart",
    "liquid metal": "chrome",
    "dance floor": "dancefloor",
    "post apocalyptic": "postapocalyptic",
    "old photo": "sepia",
    "snow field": "snowfield",
}


@dataclass(frozen=True)
class Reading:
    """What was understood: named aspects of the look, things, and the words that were not known, in their order."""

    named: dict[str, str]
    nouns: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether the prompt asks for nothing at all."""
        return not self.named and not self.nouns

    @property
    def ids(self) -> list[int]:
        """Token ids: the five aspects, the things, the end; for an empty reading the end alone."""
        if self.empty:
            return [END]
        look = complete(self.named)
        aspects = [IDS[f"{aspect}:{getattr(look, aspect)}"] for aspect in ASPECTS]
        return [*aspects, *(IDS[f"noun:{noun}"] for noun in self.nouns), END][:LENGTH]


def read(prompt: str) -> Reading:
    """Find the concepts in a prompt."""
    text = re.sub(r"[^\w\s'-]", " ", prompt.lower())
    for phrase, word in _PHRASES.items():
        text = re.sub(rf"\b{phrase}\b", word, text)
    words = text.replace("'", " ").split()
    found, styles, unknown = [], [], []
    for place, word in enumerate(words):
        if word in STYLES:
            styles += STYLES[word]
        elif (concept := find(word)) is not None:
            found.append(_in_context(concept, words, place))
        elif word not in FILLERS and not word.isdigit():
            unknown.append(word)
    named: dict[str, str] = {}
    nouns: list[str] = []
    for concept in (*found, *styles):
        aspect, value = concept.split(":")
        if aspect == "noun":
            nouns += [value] if value not in nouns else []
        else:
            named.setdefault(aspect, value)
    return Reading(named, tuple(nouns), tuple(unknown))


def tokenize(prompt: str) -> list[int]:
    """Token ids of a prompt, the end included."""
    return read(prompt).ids


@lru_cache(maxsize=4096)
def find(word: str) -> str | None:
    """The concept that a single word stands for: as it is, without its ending, or nearly so spelled."""
    if word in FILLERS:
        return None
    for form in _forms(word):
        if form in _WORDS:
            return _WORDS[form]
    if len(word) < 5:
        return None
    near = difflib.get_close_matches(word, _WORDS, n=1, cutoff=0.86)
    return _WORDS[near[0]] if near else None


def _forms(word: str) -> list[str]:
    """The word, and what is left when English endings are taken off."""
    forms = [word, word.replace("-", "")]
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            forms += [stem + instead, stem]
            if len(stem) > 3 and stem[-1] == stem[-2]:
                forms.append(stem[:-1])
    return forms


_ENDINGS = (
    ("ies", "y"),
    ("es", "e"),
    ("s", ""),
    ("ing", "e"),
    ("ed", "e"),
    ("en", ""),
    ("y", ""),
    ("ish", ""),
    ("like", ""),
    ("ly", ""),
    ("er", ""),
    ("ness", ""),
    ("ful", ""),
    ("-like", ""),
    ("scape", ""),
)


def _in_context(concept: str, words: list[str], place: int) -> str:
    """Tell "lava" the material from "on lava" the ground, and "metal man" from "metal floor"."""
    after = [w for w in words[place + 1 : place + 3] if w not in LEADS]
    before = [w for w in words[max(place - 2, 0) : place] if w in LEADS or w in ("a", "an", "the")]
    if any(w in GROUND_WORDS for w in after[:1]) or (before and before[0] in LEADS and not _names_a_thing(after[:1])):
        return GROUND_TWINS.get(concept, concept)
    return MATERIAL_TWINS.get(concept, concept) if _names_a_thing(after[:1]) else concept


def _names_a_thing(words: list[str]) -> bool:
    return any((find(word) or "").startswith("noun:") for word in words)


_WORDS = {word: concept for concept, words in CONCEPTS.items() for word in words.split()}
