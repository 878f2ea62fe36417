"""A memory for each row of StreamDiffusion V2's stream batch: row n remembers frames as they were after n steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..transformer.kernels import attend
from .layer import LayerState
from .layer_pass import LayerPass
from .window import WindowMemory, WindowState


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

    def clone(self) -> StaggeredState:
        return StaggeredState.over([layer.clone() for layer in self.joint], self.rows)


@dataclass
class StaggeredLayer:
    """One layer's view during one forward of some rows (`transformer.attention.LayerMemory`)."""

    parts: list[LayerPass]
    rotated: Tensor
    values: Tensor
    mask: Tensor | None
    """Where rows remember unequally much, which of the visible keys each may look at: bool [rows, 1, 1, N]."""

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        for part, own_keys, own_values in zip(self.parts, keys.split(1), values.split(1), strict=True):
            part.store(own_keys, own_values)
        return attend(queries, self.rotated, self.values, self.mask)


@dataclass(frozen=True)
class StaggeredPass:
    """What a forward needs: the rotation of each row's queries [2, rows, 1, N, head], a view for each layer."""

    turn: Tensor
    layers: list[StaggeredLayer]


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
        ends = [one.layers[0].visible.stop for one in passes]
        longest = slice(0, max(ends))
        rows = slice(first, first + len(passes))
        mask = None
        if min(ends) < max(ends):
            device = state.joint[0].rotated.device
            mask = torch.arange(max(ends), device=device) < torch.tensor(ends, device=device)[:, None]
            mask = mask[:, None, None]
        layers = [
            StaggeredLayer(list(parts), joint.rotated[rows, :, longest], joint.values[rows, :, longest], mask)
            for joint, *parts in zip(state.joint, *(one.layers for one in passes), strict=True)
        ]
        return StaggeredPass(torch.stack([one.turn for one in passes], dim=1)[:, :, None], layers)


def _row(layer: LayerState, n: int) -> LayerState:
    keys = None if layer.keys is None else layer.keys[n : n + 1]
    return replace(layer, keys=keys, rotated=layer.rotated[n : n + 1], values=layer.values[n : n + 1])
