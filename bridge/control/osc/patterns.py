"""OSC 1.0 address patterns: `*` and `?` within a part, `[a-z]`, `[!a]`, `{this,that}`.

Matched by hand, position by position, so that no pattern, however contrived, takes longer than its length times that
of the address; a regular expression made from one can run for hours.
"""

from __future__ import annotations

import re

MAX_PATTERN = 128
"""Characters."""
SPECIAL = re.compile(r"[*?\[\]{}]")
TOKEN = re.compile(r"\[[^\]]+\]|\{[^}]*\}|[^\[\]{}]")


def is_pattern(address: str) -> bool:
    return SPECIAL.search(address) is not None


class Pattern:
    """ValueError if the text is too long to be one, or its brackets do not close."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise ValueError(f"an address pattern has at most {MAX_PATTERN} characters, got {len(text)}")
        self._tokens: list[str] = TOKEN.findall(text)
        if "".join(self._tokens) != text:
            raise ValueError(f"{text} is not an address pattern; close its brackets")

    def matches(self, address: str) -> bool:
        reached = {0}
        for token in self._tokens:
            if token == "*":
                reached = _stretched(reached, address)
            else:
                reached = {end for start in reached for end in _ends(token, address, start)}
        return len(address) in reached


def _stretched(starts: set[int], address: str) -> set[int]:
    """Where a `*` can end that begins at any of `starts`: there, or anywhere up to the end of the part."""
    ends: set[int] = set()
    for start in sorted(starts):
        if start not in ends:
            slash = address.find("/", start)
            ends.update(range(start, (len(address) if slash < 0 else slash) + 1))
    return ends


def _ends(token: str, address: str, start: int) -> list[int]:
    """Where the match of any other token can end that begins at `start`."""
    if len(token) > 1 and token[0] == "{":
        return [start + len(word) for word in token[1:-1].split(",") if address.startswith(word, start)]
    character = address[start : start + 1]
    if token == "?":
        fits = character not in ("", "/")
    elif len(token) > 1:
        fits = character not in ("", "/") and _in_class(token[1:-1], character)
    else:
        fits = character == token
    return [start + 1] if fits else []


def _in_class(inside: str, character: str) -> bool:
    """`a-z` is a range, a hyphen at the end is itself, `!` in front turns the class round."""
    turned = inside.startswith("!")
    ranges = re.findall(r"(.)-(.)|(.)", inside[turned:], re.DOTALL)
    found = any(low <= character <= high if low else character == single for low, high, single in ranges)
    return found != turned
