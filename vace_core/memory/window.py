"""A sink and a sliding window of latent frames: what LongLive, and every pipeline built on its rule, remembers.

Static buffers: `slots` latent frames a layer, the first `sink` of them for the stream's first frames, the rest a ring
in which a new chunk takes the place of the oldest frames. Softmax does not care about order, so nothing is ever moved
or copied: a pass writes its rows in place and attends to one contiguous slice. Keys are kept unrotated; beside them
stands each key as it is read, and a row is turned again only when its position changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..config import Architecture, Pipeline
from ..transformer.rope import rotate, rotation


@dataclass
class LayerState:
    """Buffers of one layer, each [B, H, slots * T, head]."""

    keys: Tensor
    rotated: Tensor
    values: Tensor


@dataclass
class WindowState:
    """All that a stream's attention remembers. Host integers are the truth; nothing is read back from the device."""

    layers: list[LayerState]
    frames: list[int]
    """Latent frame held by each slot, -1 where none is."""
    positions: list[int]
    """Temporal position at which each slot's `rotated` rows stand, -1 where none do."""
    end: int = 0
    """Latent frames committed so far."""

    def nbytes(self) -> int:
        return sum(t.nbytes for layer in self.layers for t in (layer.keys, layer.rotated, layer.values))

    def clone(self) -> WindowState:
        layers = [LayerState(s.keys.clone(), s.rotated.clone(), s.values.clone()) for s in self.layers]
        return WindowState(layers, list(self.frames), list(self.positions), self.end)


@dataclass(frozen=True)
class Write:
    """Rows of a pass that are stored: pass rows `source` go to buffer rows `target`."""

    source: slice
    target: slice


@dataclass
class LayerPass:
    """One layer's view during one forward (`transformer.attention.LayerMemory`)."""

    state: LayerState
    writes: Sequence[Write]
    turn_own: Tensor
    """Rotation of the pass's own rows."""
    turn_all: Tensor | None
    """Rotation of all filled rows where some changed position, until the first forward has applied it."""
    filled: int

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        own = rotate(keys, self.turn_own)
        for write in self.writes:
            self.state.keys[:, :, write.target] = keys[:, :, write.source]
            self.state.rotated[:, :, write.target] = own[:, :, write.source]
            self.state.values[:, :, write.target] = values[:, :, write.source]
        if self.turn_all is not None:
            self.state.rotated[:, :, : self.filled] = rotate(self.state.keys[:, :, : self.filled], self.turn_all)
            self.turn_all = None
        return self.state.rotated[:, :, : self.filled], self.state.values[:, :, : self.filled]


@dataclass(frozen=True)
class WindowPass:
    """What the forwards over one chunk need of the memory: the rotation of their queries, a view for each layer."""

    turn: Tensor
    layers: list[LayerPass] = field(repr=False)


class WindowMemory:
    """The rule. It holds sizes only; a stream's content is the `WindowState` it is handed.

    `window` and `sink` in latent frames, as `config.Pipeline`; `absolute` positions keep a frame at the index it was
    made at, otherwise they count from the oldest frame remembered.
    """

    def __init__(self, architecture: Architecture, latent_height: int, latent_width: int, pipeline: Pipeline) -> None:
        self.sink = pipeline.sink
        self.slots = pipeline.window
        self.absolute = pipeline.positions == "absolute"
        self.architecture = architecture
        self.rows = latent_height // architecture.patch[1]
        self.columns = latent_width // architecture.patch[2]
        self.per_frame = self.rows * self.columns

    def init_state(self, batch: int, device: torch.device | str, dtype: torch.dtype) -> WindowState:
        """Empty buffers, made once a stream."""
        a = self.architecture
        shape = (batch, a.heads, self.slots * self.per_frame, a.head_dim)

        def buffer() -> Tensor:
            return torch.zeros(shape, device=device, dtype=dtype)

        layers = [LayerState(buffer(), buffer(), buffer()) for _ in range(a.layers)]
        return WindowState(layers, [-1] * self.slots, [-1] * self.slots)

    def slot_of(self, frame: int) -> int:
        """Where the rule puts a latent frame: the sink keeps the stream's first, the ring takes turns."""
        if frame < self.sink:
            return frame
        return self.sink + (frame - self.sink) % (self.slots - self.sink)

    def begin(self, state: WindowState, frames: Sequence[int], slots: Sequence[int | None] | None = None) -> WindowPass:
        """Prepare the forwards over these latent frames (every step of a chunk); evicts what they displace.

        slots: where each frame is stored, None for a frame that is computed and forgotten; by default `slot_of`.
        """
        chosen = [self.slot_of(frame) for frame in frames] if slots is None else slots
        for frame, slot in zip(frames, chosen, strict=True):
            if slot is not None:
                state.frames[slot] = frame
        filled = self.slots - state.frames.count(-1)
        positions = self._positions(state.frames, filled)
        own = self._own_positions(frames, chosen, positions)
        device = state.layers[0].keys.device
        turn_own = self._rotation(own, device)
        moved = any(state.positions[slot] != positions[slot] for slot in range(filled) if slot not in chosen)
        turn_all = self._rotation(positions[:filled], device) if moved else None
        state.positions[:filled] = positions[:filled]
        writes = self._writes(chosen)
        rows = filled * self.per_frame
        return WindowPass(turn_own, [LayerPass(layer, writes, turn_own, turn_all, rows) for layer in state.layers])

    def commit(self, state: WindowState, end: int) -> None:
        """Mark everything before latent frame `end` as made."""
        state.end = end

    def _positions(self, frames: Sequence[int], filled: int) -> list[int]:
        if self.absolute:
            return list(frames)
        order = {frame: position for position, frame in enumerate(sorted(frames[:filled]))}
        return [order.get(frame, -1) for frame in frames]

    def _own_positions(self, frames: Sequence[int], slots: Sequence[int | None], positions: list[int]) -> list[int]:
        if self.absolute:
            return list(frames)
        return [positions[slot] if slot is not None else 0 for slot in slots]

    def _rotation(self, positions: Sequence[int], device: torch.device) -> Tensor:
        return rotation(positions, self.rows, self.columns, self.architecture.head_dim, device)

    def _writes(self, slots: Sequence[int | None]) -> list[Write]:
        """Runs of neighbouring slots as slices of token rows."""
        runs: list[list[int]] = []
        for source, slot in enumerate(slots):
            if slot is None:
                continue
            if runs and runs[-1][0] + runs[-1][2] == source and runs[-1][1] + runs[-1][2] == slot:
                runs[-1][2] += 1
            else:
                runs.append([source, slot, 1])
        t = self.per_frame
        return [Write(slice(s * t, (s + n) * t), slice(d * t, (d + n) * t)) for s, d, n in runs]
