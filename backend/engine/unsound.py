"""Chunks whose picture is none: not a number, or one colour all over. They are never handed out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ..controls.declaration import address_of
from ..controls.settings import Settings

RECENT_CHUNKS = 8
"""A second picture that is not a number, so few chunks after the first, is more than a fresh stream can mend."""

Remedy = Literal["reset", "restart", "hold"]


class NotANumber(ValueError):
    """The model's picture, or what it remembers of it, is not a number or infinite."""


class OneColour(RuntimeError):
    """The model's picture is of one colour all over, although its input is not."""


class UnsoundChunks:
    """What helps against pictures that are not numbers: a fresh stream, then a fresh engine, then only the user.

    restarted: whether this engine was started because of them.
    """

    def __init__(self, restarted: bool) -> None:
        self._restarted = restarted
        self._good = 0
        self._before = False

    def note_good(self) -> None:
        self._good += 1
        if self._good >= RECENT_CHUNKS:
            self._restarted = self._before = False

    def note_bad(self) -> Remedy:
        """One more came; what to do now."""
        again, self._before, self._good = self._before, True, 0
        if self._restarted:
            return "hold"
        return "restart" if again else "reset"


def advice(settings: Settings, loras: Sequence[Path]) -> str:
    """What the user can try against pictures that are not numbers."""
    played = [
        f"{address_of(f'lora_{number}')} ({path.name})"
        for number, (path, strength) in enumerate(zip(loras, settings.loras, strict=False), 1)
        if strength
    ]
    if played:
        return f"set {' and '.join(played)} to 0"
    return "try another prompt, scale or reference, or start with other weights or without --quantise"


def is_one_colour(frames: np.ndarray) -> bool:
    """Whether all pixels of all frames `[F, H, W, C]` are equal; some are looked at before all."""
    colour = frames[0, 0, 0]
    return bool((frames[:, ::16, ::16] == colour).all()) and bool((frames == colour).all())
