"""Renaming of weights between two layouts, from one table, both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from .errors import CheckpointError

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

    def to(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Published keys to the other layout's."""
        return {self.name(key): value for key, value in weights.items()}

    def back(self, weights: Mapping[str, Tensor], published: Iterable[str]) -> dict[str, Tensor]:
        """The way back, to the names in `published`. Raises CheckpointError naming missing and left-over keys."""
        names = {self.name(key): key for key in published}
        require_same_keys(f"{self.layout} weights", set(weights), set(names))
        return {names[key]: value for key, value in weights.items()}


def require_same_keys(what: str, given: set[str], expected: set[str]) -> None:
    """CheckpointError with the first ten missing and the first ten unknown keys, unless both sets agree."""
    missing, unknown = sorted(expected - given), sorted(given - expected)
    if missing or unknown:
        raise CheckpointError(
            f"{what}: {len(missing)} keys are missing (first: {missing[:10]}) and "
            f"{len(unknown)} are not known (first: {unknown[:10]}); is it the checkpoint of another model?"
        )
