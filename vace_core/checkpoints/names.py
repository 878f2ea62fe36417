"""Renaming of weights between two layouts, from one table, both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

WRAPPERS = ("_fsdp_wrapped_module.", "_orig_mod.", "_checkpoint_wrapped_module.")
"""What training and compiling write into keys, anywhere."""
PREFIXES = (
    "module.",
    "generator.",
    "model.diffusion_model.",
    "diffusion_model.",
    "first_stage_model.",
    "vae.",
    "model.",
)
"""What others put in front of every key, one before the other."""
BUFFERS = re.compile(r"(.*\.)?(freqs|mean|std)")
"""Keys of what is computed, or known, and no weight: some programs save them too, beside the prefix of the others."""

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


def plain_names(keys: Iterable[str]) -> list[str]:
    """Keys without what wrappers and other programs added to them, in the same order."""
    names = list(keys)
    for wrapper in WRAPPERS:
        names = [name.replace(wrapper, "") for name in names]
    while prefix := _common_prefix(names):
        names = [name.removeprefix(prefix) for name in names]
    return names


def is_buffer(key: str) -> bool:
    """Whether a key may be left alone where no module asks for it."""
    return BUFFERS.fullmatch(key) is not None


def _common_prefix(names: Sequence[str]) -> str | None:
    weights = [name for name in names if not is_buffer(name)]
    fits = (prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in weights))
    return next(fits, None) if weights else None
