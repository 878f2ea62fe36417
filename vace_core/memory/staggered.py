"""A memory for each row of StreamDiffusion V2's stream batch: row n remembers frames as they were after n steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ..transformer.kernels import Kernels, attend
from .layer import LayerState
from .layer_pass import Extent, LayerPass, PassTensors, WindowPass, addresses_of
from .window import WindowMemory
from .window_state import WindowState


@dataclass
class StaggeredState:
    """The layers' buffers [rows, H, N, head], and a row's window over each: its buffers are parts of them."""

    joint: list[LayerState]
    rows: list[WindowState]

    @staticmethod
    def over(joint: list[LayerState], windows: Sequence[WindowState]) -> StaggeredState:
        """Windows that hold as many frames as the given ones, in these buffers."""
        rows = []
        for n, window in enumerate(windows):
            layers = [_row(layer, n) for layer in joint]
            rows.append(replace(window, layers=layers, frames=list(window.frames), positions=list(window.positions)))
        return StaggeredState(joint, rows)

    def nbytes(self) -> int:
        return sum(layer.nbytes() for layer in self.joint)

    def copy_from(self, other: StaggeredState) -> None:
        """Remember what another one does, in the buffers of this one."""
        for own, its in zip(self.joint, other.joint, strict=True):
            own.copy_from(its)
        for window, other_window in zip(self.rows, other.rows, strict=True):
            window.note(other_window)

    def reset(self) -> None:
        """As it was made, in the same buffers."""
        for window in self.rows:
            window.reset()

    def clone(self) -> StaggeredState:
        return StaggeredState.over([layer.clone() for layer in self.joint], self.rows)


@dataclass(frozen=True)
class StaggeredExtent:
    """Which rows of the batch a pass is over, and which rows of the buffers, as numbers."""

    first: int
    """The first row of the batch."""
    longest: int
    """Rows of the buffers that are attended to, in the row that remembers most."""
    parts: tuple[Extent, ...]
    """That of each row."""


@dataclass(frozen=True)
class StaggeredTensors:
    """What changes from chunk to chunk, as tensors on the device."""

    turn: Tensor
    """The rotation of each row's queries [2, rows, 1, N, head]."""
    parts: tuple[PassTensors, ...]
    """Those of each row."""
    mask: Tensor | None
    """Where rows remember unequally much, which of the visible keys each may look at: bool [rows, 1, 1, N]."""


@dataclass(frozen=True)
class StaggeredLayer:
    """One layer's view during one forward of some rows (`transformer.attention.LayerMemory`)."""

    parts: tuple[LayerPass, ...]
    rotated: Tensor
    values: Tensor
    mask: Tensor | None

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, kernels: Kernels) -> Tensor:
        for part, own_keys, own_values in zip(self.parts, keys.split(1), values.split(1), strict=True):
            part.store(own_keys, own_values)
        return attend(queries, self.rotated, self.values, self.mask, kernels)


@dataclass(frozen=True)
class StaggeredPass:
    """What a forward of some rows needs: one for all layers, whose buffers it goes over."""

    extent: StaggeredExtent
    tensors: StaggeredTensors
    buffers: StaggeredState = field(repr=False)

    @property
    def turn(self) -> Tensor:
        """The rotation of each row's queries [2, rows, 1, N, head]."""
        return self.tensors.turn

    @property
    def addresses(self) -> tuple[int, ...]:
        """Where the buffers are."""
        return addresses_of(self.buffers.joint)

    @property
    def layers(self) -> list[StaggeredLayer]:
        """A view for each layer."""
        extent, tensors = self.extent, self.tensors
        rows = slice(extent.first, extent.first + len(extent.parts))
        windows = [
            WindowPass(part, own, window.layers).layers
            for part, own, window in zip(extent.parts, tensors.parts, self.buffers.rows[rows], strict=True)
        ]
        return [
            StaggeredLayer(
                tuple(parts),
                joint.rotated[rows, :, : extent.longest],
                joint.values[rows, :, : extent.longest],
                tensors.mask,
            )
            for joint, *parts in zip(self.buffers.joint, *windows, strict=True)
        ]


class StaggeredMemory:
    """The rule: a plain window for each of `rows`."""

    def __init__(self, window: WindowMemory, rows: int) -> None:
        self.window = window
        self.rows = rows

    def init_state(self, device: torch.device | str, dtype: torch.dtype) -> StaggeredState:
        """Empty buffers, made once a stream."""
        whole = self.window.init_state(self.rows, device, dtype)
        return StaggeredState.over(whole.layers, [whole] * self.rows)

    def begin(self, state: StaggeredState, first: int, frames: Sequence[Sequence[int]]) -> StaggeredPass:
        """Prepare a forward of rows first, first + 1, ..., each over latent frames of its own, equally many."""
        passes = [self.window.begin(state.rows[first + n], own) for n, own in enumerate(frames)]
        ends, turns = [one.extent.end for one in passes], torch.stack([one.turn for one in passes], dim=1)
        return StaggeredPass(
            StaggeredExtent(first, max(ends), tuple(one.extent for one in passes)),
            StaggeredTensors(turns[:, :, None], tuple(one.tensors for one in passes), _mask(ends, turns.device)),
            state,
        )


def _mask(ends: Sequence[int], device: torch.device) -> Tensor | None:
    """Of each row, that keys up to its own end are seen: bool [rows, 1, 1, N]; None where the ends are equal."""
    if min(ends) == max(ends):
        return None
    return (torch.arange(max(ends), device=device) < torch.tensor(ends, device=device)[:, None])[:, None, None]


def _row(layer: LayerState, n: int) -> LayerState:
    keys = None if layer.keys is None else layer.keys[n : n + 1]
    return replace(layer, keys=keys, rotated=layer.rotated[n : n + 1], values=layer.values[n : n + 1])
