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
from .thesaurus import ALIASES, CONCEPTS, FILLERS, PHRASES

PAD, END = 0, 1
LENGTH = 24
IDS = {concept: number for number, concept in enumerate(CONCEPTS, 2)}
VOCABULARY = len(IDS) + 2


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
        """Token ids: the four aspects, the things, the end; for an empty reading the end alone."""
        if self.empty:
            return [END]
        look = complete(self.named)
        aspects = [IDS[f"{aspect}:{getattr(look, aspect)}"] for aspect in ASPECTS]
        return [*aspects, *(IDS[f"noun:{noun}"] for noun in self.nouns), END][:LENGTH]


def read(prompt: str) -> Reading:
    """Find the concepts in a prompt."""
    text = re.sub(r"[^\w\s'-]", " ", prompt.lower())
    for phrase, word in PHRASES.items():
        text = re.sub(rf"\b{phrase}\b", word, text)
    found, aliases, unknown = [], [], []
    for word in text.replace("'", " ").split():
        if word in ALIASES:
            aliases += ALIASES[word]
        elif (concept := find(word)) is not None:
            found.append(concept)
        elif word not in FILLERS and not word.isdigit():
            unknown.append(word)
    named: dict[str, str] = {}
    nouns: list[str] = []
    for concept in (*found, *aliases):
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


_WORDS = {word: concept for concept, words in CONCEPTS.items() for word in words.split()}
