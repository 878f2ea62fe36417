"""The buffers of one layer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import pad


@dataclass
class LayerState:
    """What one layer remembers, each [B, H, rows, head]; a latent frame is `per_frame` rows.

    Rows of `rotated` and `values` are the bank, from its newest place to its oldest, then the sink, then the ring, and
    room for references; `keys` has the window's only.
    """

    keys: Tensor | None
    """Unrotated; None where positions are absolute."""
    rotated: Tensor
    values: Tensor
    sink: tuple[Tensor, Tensor] | None
    """Keys (unrotated) and values of a sink that takes in what leaves, in float32: in bfloat16 it would never move."""
    per_frame: int
    folded: bool = False
    """Whether `sink` holds anything yet."""

    @property
    def read(self) -> tuple[Tensor, Tensor]:
        """Keys as they are attended to, and values."""
        return self.rotated, self.values

    def make_room(self, rows: int) -> None:
        """Have at least so many rows; what is in the first ones stays."""
        missing = rows - self.rotated.shape[2]
        if missing > 0:
            self.rotated, self.values = (pad(buffer, (0, 0, 0, missing)) for buffer in self.read)

    def tensors(self) -> list[Tensor]:
        return [t for t in (self.keys, self.rotated, self.values, *(self.sink or ())) if t is not None]

    def nbytes(self) -> int:
        return sum(t.nbytes for t in self.tensors())

    def copy_from(self, other: LayerState) -> None:
        """Remember what another one does, in these buffers. Room for references may differ: it holds nothing."""
        for own, its in zip(self.tensors(), other.tensors(), strict=True):
            rows = min(own.shape[2], its.shape[2])
            own[:, :, :rows].copy_(its[:, :, :rows])
        self.folded = other.folded

    def clone(self) -> LayerState:
        return LayerState(
            keys=None if self.keys is None else self.keys.clone(),
            rotated=self.rotated.clone(),
            values=self.values.clone(),
            sink=None if self.sink is None else (self.sink[0].clone(), self.sink[1].clone()),
            per_frame=self.per_frame,
            folded=self.folded,
        )
