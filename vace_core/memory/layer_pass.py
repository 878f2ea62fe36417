"""What the forwards over one chunk need of a memory: which rows each layer writes, turns, and attends to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..transformer.kernels import attend
from ..transformer.rope import rotate
from .layer import LayerState
from .sparse import top_k_frames


@dataclass(frozen=True)
class Write:
    """Rows of a pass that are stored: pass rows `source` go to buffer rows `target`."""

    source: slice
    target: slice
    remembered: bool = True
    """Whether their unrotated keys are kept too, as those of all but references are."""


@dataclass
class LayerPass:
    """One layer's view during one forward (`transformer.attention.LayerMemory`)."""

    state: LayerState
    writes: Sequence[Write]
    turn_own: Tensor
    """Rotation of the pass's own rows."""
    turn_all: Tensor | None
    """Rotation of all visible rows where some changed position, until the first forward has applied it."""
    held: slice
    """Rows of bank and window that are attended to."""
    visible: slice
    """Those, and the rows of references behind them."""
    bias: Tensor | None
    """Added to the logits of the visible rows, [1, 1, 1, N]."""
    choice: slice | None = None
    """The first of the visible rows, of which each head attends to `chosen` frames only (sparse activation)."""
    chosen: int = 0

    def store(self, keys: Tensor, values: Tensor) -> None:
        """Write the pass's own rows, unrotated keys and values [B, H, N, D], and turn what has to be turned."""
        own = rotate(keys, self.turn_own)
        state = self.state
        for write in self.writes:
            state.rotated[:, :, write.target] = own[:, :, write.source]
            state.values[:, :, write.target] = values[:, :, write.source]
            if state.keys is not None and write.remembered:
                state.keys[:, :, write.target] = keys[:, :, write.source]
        if self.turn_all is not None and state.keys is not None:
            state.rotated[:, :, self.held] = rotate(state.keys[:, :, self.held], self.turn_all)
            self.turn_all = None

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        self.store(keys, values)
        state = self.state
        if self.choice is None:
            return attend(queries, state.rotated[:, :, self.visible], state.values[:, :, self.visible], self.bias)
        rows, rest = self.choice, slice(self.choice.stop, self.visible.stop)
        some = top_k_frames(queries, state.rotated[:, :, rows], state.values[:, :, rows], state.per_frame, self.chosen)
        keys, values = (torch.cat((a, b[:, :, rest]), dim=2) for a, b in zip(some, state.read, strict=True))
        return attend(queries, keys, values, None if self.bias is None else self.bias[..., -keys.shape[2] :])


@dataclass(frozen=True)
class WindowPass:
    """What the forwards over one chunk need of the memory: the rotation of their queries, a view for each layer."""

    turn: Tensor
    layers: list[LayerPass] = field(repr=False)
