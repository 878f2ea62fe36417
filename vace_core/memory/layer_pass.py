"""What the forwards over one chunk need of a memory: which rows each layer writes and attends to."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..transformer.kernels import OWN, Kernels, attend
from ..transformer.rope import rotate
from .layer import LayerState
from .sparse import top_k_frames


@dataclass(frozen=True)
class Extent:
    """Which rows a pass writes and attends to, as numbers: the same in every chunk once a window is full."""

    first: int
    """The first row of the buffers that is attended to."""
    end: int
    """One behind the last, the rows of references included."""
    stored: tuple[tuple[int, int], ...]
    """Which rows of the pass are written, as runs from one to one behind another."""
    references: int = 0
    """So many first rows of the pass are references': their unrotated keys are not kept."""
    candidates: int = 0
    """So many of the first visible rows are those of which each head attends to some frames only (sparse activation);
    0 where it attends to all."""
    chosen: int = 0
    """To how many frames of them."""


@dataclass(frozen=True)
class PassTensors:
    """What changes from chunk to chunk, as tensors on the device."""

    turn: Tensor
    """Rotation of the pass's own rows [2, N, head]."""
    rows: Tensor
    """Rows of the buffers that they are written to, int64 [N]; of those that are not stored, any."""
    bias: Tensor | None
    """Added to the logits of the visible rows, [1, 1, 1, rows]."""


@dataclass(frozen=True)
class LayerPass:
    """One layer's view during one forward (`transformer.attention.LayerMemory`)."""

    state: LayerState
    extent: Extent
    tensors: PassTensors

    def store(self, keys: Tensor, values: Tensor) -> None:
        """Write the pass's own rows: unrotated keys and values [B, H, N, D]."""
        state, own = self.state, rotate(keys, self.tensors.turn)
        for start, end in self.extent.stored:
            rows = self.tensors.rows[start:end]
            state.rotated.index_copy_(2, rows, own[:, :, start:end])
            state.values.index_copy_(2, rows, values[:, :, start:end])
            if state.keys is not None:
                start = max(start, self.extent.references)
                state.keys.index_copy_(2, self.tensors.rows[start:end], keys[:, :, start:end])

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, kernels: Kernels = OWN) -> Tensor:
        self.store(keys, values)
        extent, bias = self.extent, self.tensors.bias
        keys, values = (buffer[:, :, extent.first : extent.end] for buffer in self.state.read)
        if not extent.candidates:
            return attend(queries, keys, values, bias, kernels)
        n = extent.candidates
        some = top_k_frames(queries, keys[:, :, :n], values[:, :, :n], self.state.per_frame, extent.chosen)
        keys, values = (torch.cat((a, b[:, :, n:]), dim=2) for a, b in zip(some, (keys, values), strict=True))
        return attend(queries, keys, values, None if bias is None else bias[..., -keys.shape[2] :], kernels)


@dataclass(frozen=True)
class WindowPass:
    """What the forwards over one chunk need of a memory: one for all layers, whose buffers it goes over."""

    extent: Extent
    tensors: PassTensors
    buffers: list[LayerState] = field(repr=False)

    @property
    def turn(self) -> Tensor:
        """The rotation of its queries [2, N, head]."""
        return self.tensors.turn

    @property
    def addresses(self) -> tuple[int, ...]:
        """Where the buffers are."""
        return addresses_of(self.buffers)

    @property
    def layers(self) -> list[LayerPass]:
        """A view for each layer."""
        return [LayerPass(state, self.extent, self.tensors) for state in self.buffers]


def addresses_of(layers: Sequence[LayerState]) -> tuple[int, ...]:
    """Where the tensors of these layers are."""
    return tuple(buffer.data_ptr() for layer in layers for buffer in layer.tensors())


@functools.lru_cache(maxsize=8)
def row_numbers(count: int, device: torch.device) -> Tensor:
    """0, 1, 2, ... int64 [count], made once: rows to write to are parts of it, so that none come from the host."""
    with torch.inference_mode(False):
        return torch.arange(count, device=device)
