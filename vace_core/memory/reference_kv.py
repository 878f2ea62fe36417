"""References beside a chunk in the main path: rows that it attends to and that never become part of its history.

They lie behind the rows of the window, are written anew for each chunk, and stand directly before it in time, as batch
VACE lays them out. "joint": they are made along with the chunk, as noisy frames of their own. "slot": their keys and
values were computed once, at timestep 0 with their own hints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from ..transformer.inputs import log_weight
from ..transformer.kernels import Kernels, attend
from ..transformer.rope import rotate


@dataclass(frozen=True)
class ReferenceKV:
    """So many reference frames beside a chunk, each with a strength.

    kept: for each layer their unrotated keys and values [B, H, n * T, head]; None where they run with the chunk, as the
    first frames of its pass.
    """

    strengths: tuple[float, ...]
    kept: tuple[tuple[Tensor, Tensor], ...] | None = field(default=None, repr=False)

    @property
    def frames(self) -> int:
        return len(self.strengths)

    def weight(self, per_frame: int, like: Tensor) -> Tensor | None:
        """Log of the strengths, for the keys: [1, 1, 1, n * T]; None where all are 1."""
        return log_weight(self.strengths, per_frame, like)


class KVRecorder:
    """A layer's view (`transformer.attention.LayerMemory`) that remembers what passes, for `ReferenceKV.kept`."""

    def __init__(self, turn: Tensor, weight: Tensor | None) -> None:
        self._turn, self._weight = turn, weight
        self.kept: tuple[Tensor, Tensor] | None = None

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, kernels: Kernels) -> Tensor:
        self.kept = (keys, values)
        return attend(queries, rotate(keys, self._turn), values, self._weight, kernels)


def recorded(layers: Sequence[KVRecorder]) -> tuple[tuple[Tensor, Tensor], ...]:
    """What all layers remember once a forward has passed."""
    return tuple(layer.kept for layer in layers if layer.kept is not None)
