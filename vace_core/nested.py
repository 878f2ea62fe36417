"""Tensors within dataclasses, tuples, lists and mappings, however deep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from torch import Tensor

T = TypeVar("T")


def leaves(part: Any) -> Iterator[Tensor | None]:
    """All tensors in a part, in order, and None where there could be one and is none."""
    if isinstance(part, Tensor) or part is None:
        yield part
    elif isinstance(part, Mapping):
        yield from leaves(list(part.values()))
    elif isinstance(part, list | tuple):
        for one in part:
            yield from leaves(one)
    elif is_dataclass(part):
        yield from leaves([getattr(part, one.name) for one in fields(part)])


def with_leaves(part: T, new: Iterator[Tensor | None]) -> T:
    """The same tuples, lists and dataclasses with other tensors, in the order of `leaves`."""
    made: Any = part
    if isinstance(part, Tensor) or part is None:
        made = next(new)
    elif isinstance(part, list | tuple):
        made = type(part)(with_leaves(one, new) for one in part)
    elif is_dataclass(part) and not isinstance(part, type):
        made = replace(part, **{one.name: with_leaves(getattr(part, one.name), new) for one in fields(part)})
    return made
