"""Renaming of weights between two layouts, from one table, both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Replacement = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True)
class Renaming:
    """Published spellings (regular expressions, all tried in order) and what another layout writes for each."""

    layout: str
    table: Sequence[tuple[str, Replacement]]

    def name(self, published: str) -> str:
        """The other layout's name of a published key."""
        for pattern, replacement in self.table:
            published = re.sub(pattern, replacement, published)
        return published

    def to(self, weights: Mapping[str, T]) -> dict[str, T]:
        """Published keys to the other layout's."""
        return {self.name(key): value for key, value in weights.items()}

    def back(self, weights: Mapping[str, T], published: Iterable[str]) -> dict[str, T]:
        """The way back, to the names in `published`. A key that stands for none of them keeps its name."""
        names = {self.name(key): key for key in published}
        return {names.get(key, key): value for key, value in weights.items()}
