"""OSC 1.0 address patterns: `*` and `?` within a part, `[a-z]`, `[!a]`, `{this,that}`; and what matches them.

A pattern is followed through an address as a set of places that it may have reached, kept as the bits of a number: each
of its characters costs one step, however contrived it is. A regular expression made from one can run for hours. What
all patterns together may cost is bounded, too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from ..parameters import ControlError
from .limits import WorkLimit

MAX_PATTERN = 128
"""Characters."""
SPECIAL = re.compile(r"[*?\[\]{}]")
TOKEN = re.compile(r"\[[^\]]+\]|\{[^}]*\}|[^\[\]{}]")
RANGE = re.compile(r"(.)-(.)|(.)", re.DOTALL)
CHARACTERS = [chr(code) for code in range(128)]
"""Of which addresses are made."""
STEPS_PER_PACKET, STEPS_PER_SECOND = 250_000, 1_000_000
"""For the patterns of one packet, and of all packets of a second: some 40 and 160 ms."""
STEPS_PER_CONTROL = 50
"""What setting one control costs, once it is known that a pattern means it."""
REMEMBERED = 256
"""Patterns whose controls are known without looking."""

T = TypeVar("T")


def is_pattern(address: str) -> bool:
    return SPECIAL.search(address) is not None


class Places(NamedTuple):
    """Of an address, as bits: where each character stands, where none of them is a slash, and the place of its end."""

    of: dict[str, int]
    not_slash: int
    end: int


class Pattern:
    """ValueError if the text is too long to be one, or its brackets do not close."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise ValueError(f"an address pattern has at most {MAX_PATTERN} characters, got {len(text)}")
        tokens: list[str] = TOKEN.findall(text)
        if "".join(tokens) != text:
            raise ValueError(f"{text} is not an address pattern; close its brackets")
        self.steps = len(text)
        """What it costs to hold an address against it."""
        self._tokens = [_compiled(token) for token in tokens]

    def matches(self, address: str) -> bool:
        places = _places(address)
        reached = 1
        for step in self._tokens:
            reached = step(reached, places)
            if not reached:
                return False
        return bool(reached & places.end)


class PatternSearch(Generic[T]):
    """Finds what patterns mean among `known`, by address, and refuses those that would take too long.

    begin_packet: to be called before the patterns of each packet.
    """

    def __init__(self, known: Mapping[str, T], clock: Callable[[], float] = time.monotonic) -> None:
        self._known = known
        self._found: dict[str, list[T]] = {}
        self.limit = WorkLimit(STEPS_PER_PACKET, STEPS_PER_SECOND, clock)

    def begin_packet(self) -> None:
        self.limit.begin_packet()

    def find(self, text: str) -> list[T]:
        """ControlError for what is no pattern, means nothing, or would take too long."""
        found = self._found.get(text)
        if found is None:
            found = self._search(text)
        self._spend(STEPS_PER_CONTROL * len(found))
        return found

    def _search(self, text: str) -> list[T]:
        try:
            pattern = Pattern(text)
        except ValueError as reason:
            raise ControlError(str(reason)) from reason
        self._spend(pattern.steps * len(self._known))
        found = [what for address, what in self._known.items() if pattern.matches(address)]
        if not found:
            raise ControlError(f"no control matches {text}")
        if len(self._found) >= REMEMBERED:
            del self._found[next(iter(self._found))]
        self._found[text] = found
        return found

    def _spend(self, steps: int) -> None:
        if not self.limit.allow(steps):
            raise ControlError("too many address patterns at once; send fewer, or name the controls")


Step = Callable[[int, Places], int]
"""From the places that are reached to those that are reached one token later."""


def _compiled(token: str) -> Step:
    if token == "*":
        return _stretch
    if token == "?":
        return lambda reached, places: (reached & places.not_slash) << 1
    if len(token) > 1 and token[0] == "{":
        words = token[1:-1].split(",")
        return lambda reached, places: _any_of(words, reached, places)
    if len(token) > 1:
        characters = _class(token[1:-1])
        return lambda reached, places: _one_of(characters, reached, places)
    return lambda reached, places: (reached & places.of.get(token, 0)) << 1


def _stretch(reached: int, places: Places) -> int:
    """A `*` ends where it begins, or anywhere up to the end of the part: a sum carries through a run of ones."""
    run = places.not_slash
    return (((reached & run) + run) ^ run) | reached


def _any_of(words: list[str], reached: int, places: Places) -> int:
    ends = 0
    for word in words:
        here = reached
        for character in word:
            here = (here & places.of.get(character, 0)) << 1
        ends |= here
    return ends


def _one_of(characters: frozenset[str], reached: int, places: Places) -> int:
    fits = 0
    for character, where in places.of.items():
        if character in characters:
            fits |= where
    return (reached & fits & places.not_slash) << 1


def _class(inside: str) -> frozenset[str]:
    """`a-z` is a range, a hyphen at the end is itself, `!` in front turns the class round."""
    turned = inside.startswith("!")
    ranges = RANGE.findall(inside[turned:])
    return frozenset(
        character
        for character in CHARACTERS
        if any(low <= character <= high if low else character == single for low, high, single in ranges) != turned
    )


@lru_cache(maxsize=4096)
def _places(address: str) -> Places:
    of: dict[str, int] = {}
    for place, character in enumerate(address):
        of[character] = of.get(character, 0) | 1 << place
    whole = (1 << len(address)) - 1
    return Places(of, whole & ~of.get("/", 0), 1 << len(address))
