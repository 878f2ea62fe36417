"""A slowly moving level, so that what an annotator draws does not pump with every frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from torch import Tensor

Level = TypeVar("Level", float, Tensor)


@dataclass
class RunningLevel(Generic[Level]):
    """An exponential mean over frames that starts at its first value. `memory` is its time constant in frames.

    A level of tensors stays on their device: the host never waits for it.
    """

    memory: float = 24.0
    value: Level | None = None

    def update(self, new: Level) -> Level:
        """Take a frame's value in, and give the level for that frame."""
        self.value = new if self.value is None else self.value + (new - self.value) / self.memory
        return self.value

    def reset(self) -> None:
        """Forget; the next frame starts anew, as after a cut."""
        self.value = None


def level_of(values: np.ndarray, share: float) -> float:
    """The value that so large a share of them lies below; of neighbours in rank the lower, which needs no sorting."""
    rank = int(share * (values.size - 1))
    return float(np.partition(values.ravel(), rank)[rank])
