"""What rank 0 tells the others to do, and what they answer. Tensors follow by broadcast (`transfer`)."""

from __future__ import annotations

from dataclasses import dataclass

from .transfer import Packed


@dataclass(frozen=True)
class Open:
    """Have a stream of that size in place of the one before."""

    height: int
    width: int


@dataclass(frozen=True)
class Step:
    """Make the next chunk. packed: the controls, and the embedding of each of their prompts by its text."""

    packed: Packed


@dataclass(frozen=True)
class Settle:
    """Refresh the memory after a chunk."""


@dataclass(frozen=True)
class Reset:
    """Forget everything."""


@dataclass(frozen=True)
class Outcome:
    """Worker to rank 0, after each command and once the model is loaded.

    reason: why it could not be done, "" if it was. refused: because of a wrong argument, so that nothing has changed.
    """

    reason: str = ""
    refused: bool = False
