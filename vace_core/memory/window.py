"""A sink and a sliding window of latent frames: what every pipeline here remembers, in one form or another.

Static buffers: `window` latent frames a layer, the first `sink` of them for the stream's first frames, the rest a ring
in which a new chunk takes the place of the oldest frames. Softmax does not care about order, so nothing is ever moved
or copied: a pass writes its rows in place and attends to one contiguous slice. Each key is kept as it is read, rotated;
where positions count from the window it is kept unrotated beside that, and turned again when its position changed.
Absolute positions are counted anew from just behind the sink before they leave what was trained (`rebase`).

A pipeline adds to this what its authors trained it with: a sink that takes in what leaves the window (`ema_sink`), a
bank of frames in front of the sink (`bank`), the past weighed down (`bias`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from ..config import Architecture, Pipeline
from ..parallel import ALONE, Ranks
from ..transformer.inputs import Prompt
from ..transformer.rope import rotary, rotate, runs
from .bank import FrameBank
from .bias import past_bias
from .ema_sink import EmaSink
from .layer import LayerState
from .layer_pass import Extent, PassTensors, WindowPass, row_numbers
from .rebase import move_all
from .reference_kv import ReferenceKV
from .window_state import WindowState

REFERENCES = 2
"""Reference frames that there is room for from the start, each as large as a frame of the window. More make the buffers
grow when they come for the first time."""


class WindowMemory:
    """The rule. It holds sizes only; a stream's content is the `WindowState` it is handed.

    `window` and `sink` in latent frames, as `config.Pipeline`; `absolute` positions keep a frame at the index it was
    made at, otherwise they count from the oldest frame remembered. Of several ranks each remembers its own heads.
    """

    def __init__(
        self,
        architecture: Architecture,
        latent_height: int,
        latent_width: int,
        pipeline: Pipeline,
        ranks: Ranks = ALONE,
    ) -> None:
        self.sink = pipeline.sink
        self.slots = pipeline.window
        self.absolute = pipeline.positions == "absolute"
        self.trained = pipeline.trained_positions
        self.architecture = architecture
        self.rows = latent_height // architecture.patch[1]
        self.columns = latent_width // architecture.patch[2]
        self.per_frame = self.rows * self.columns
        self.heads = architecture.heads // ranks.size
        self.ema_sink = None if pipeline.sink_decay is None else EmaSink(pipeline.sink_decay)
        self.bank = None if pipeline.bank is None else FrameBank(pipeline.bank, self.per_frame, ranks)
        self._banked = 0 if pipeline.bank is None else pipeline.bank.frames

    def init_state(
        self, batch: int, device: torch.device | str, dtype: torch.dtype, references: int = 0
    ) -> WindowState:
        """Empty buffers, made once a stream, with room for so many reference frames."""
        a = self.architecture

        def buffer(frames: int, dtype: torch.dtype = dtype) -> Tensor:
            return torch.zeros((batch, self.heads, frames * self.per_frame, a.head_dim), device=device, dtype=dtype)

        def layer() -> LayerState:
            return LayerState(
                keys=None if self.absolute else buffer(self.slots),
                rotated=buffer(self._banked + self.slots + references),
                values=buffer(self._banked + self.slots + references),
                sink=None
                if self.ema_sink is None
                else (buffer(self.sink, torch.float32), buffer(self.sink, torch.float32)),
                per_frame=self.per_frame,
            )

        layers = [layer() for _ in range(a.layers)]
        bank = None if self.bank is None else self.bank.init_state(layers)
        return WindowState(layers, [-1] * self.slots, [-1] * self.slots, bank)

    def slot_of(self, frame: int) -> int:
        """Where the rule puts a latent frame: the sink keeps the stream's first, the ring takes turns."""
        if frame < self.sink:
            return frame
        return self.sink + (frame - self.sink) % (self.slots - self.sink)

    def begin(
        self,
        state: WindowState,
        frames: Sequence[int],
        slots: Sequence[int | None] | None = None,
        prompt: Prompt | None = None,
        past_weight: float = 1.0,
        references: ReferenceKV | None = None,
    ) -> WindowPass:
        """Prepare the forwards over these latent frames (every step of a chunk); evicts what they displace.

        slots: where each frame is stored, None for a frame that is computed and forgotten; by default `slot_of`.
        prompt: of a new chunk or a recache, by which the bank takes in the frame that waits before anything else; a
        clean pass has none. past_weight: what attention to earlier frames is multiplied by before it is normalised,
        the first frame excepted. references: attended to beside the window; those that run with the chunk are the
        first frames of the pass.
        """
        chosen = [self.slot_of(frame) for frame in frames] if slots is None else slots
        if state.bank is not None and self.bank is not None and prompt is not None:
            self.bank.recall(state.bank, state.layers, prompt)
        folded = self.ema_sink is not None and self._fold(self.ema_sink, state, frames, chosen)
        for frame, slot in zip(frames, chosen, strict=True):
            if slot is not None:
                state.frames[slot] = frame
        if self.absolute and frames[-1] - state.base >= self.trained:
            self._rebase(state)
        filled = self.slots - state.frames.count(-1)
        positions = self._positions(state, filled)
        places = zip(frames, chosen, strict=True)
        own = [frame - state.base if slot is None else positions[slot] for frame, slot in places]
        device = state.layers[0].rotated.device
        turn_own = self._rotation(own, device)
        moved = folded or any(state.positions[slot] != positions[slot] for slot in range(filled) if slot not in chosen)
        if moved and not self.absolute:
            self._turn_anew(state, positions[:filled])
        state.positions[:filled] = positions[:filled]
        recalled = 0 if state.bank is None else state.bank.banked
        held = slice((self._banked - recalled) * self.per_frame, (self._banked + filled) * self.per_frame)
        bias = past_bias(state.frames[:filled], frames, past_weight, self.per_frame, state.layers[0].rotated)
        visible, places, beside = held, [None if slot is None else self._banked + slot for slot in chosen], 0
        if references is not None:
            turn = self._rotation(range(own[0] - references.frames, own[0]), device)
            visible = self._place_references(state, references, held, turn)
            bias = _and_weight(bias, references.weight(self.per_frame, state.layers[0].rotated), held, visible)
            if references.kept is None:
                beside = references.frames
                places = [*range(held.stop // self.per_frame, visible.stop // self.per_frame), *places]
                turn_own = torch.cat((turn, turn_own), dim=1)
        candidates, wanted = self._sparse(recalled, filled)
        t = self.per_frame
        stored = tuple((start * t, end * t) for start, end in _stored(places))
        extent = Extent(visible.start, visible.stop, stored, beside * t, candidates * t, wanted)
        return WindowPass(extent, PassTensors(turn_own, self._rows(places, state), bias), state.layers)

    def _turn_anew(self, state: WindowState, positions: Sequence[int]) -> None:
        """Rotate the keys of all slots that are filled to where they stand now; a pass writes its own anew."""
        turn = self._rotation(positions, state.layers[0].rotated.device)
        rows = slice(0, len(positions) * self.per_frame)
        for layer in state.layers:
            assert layer.keys is not None
            layer.rotated[:, :, rows] = rotate(layer.keys[:, :, rows], turn)

    def _place_references(self, state: WindowState, references: ReferenceKV, held: slice, turn: Tensor) -> slice:
        """Make room behind the window for references, write those that are computed already; the rows attended to.

        The buffers grow when there are more references than ever before, not from chunk to chunk.
        """
        rows = slice(held.stop, held.stop + references.frames * self.per_frame)
        longest = (self._banked + self.slots + references.frames) * self.per_frame
        for layer in state.layers:
            layer.make_room(longest)
        for layer, (keys, values) in zip(state.layers, references.kept or (), strict=False):
            layer.rotated[:, :, rows] = rotate(keys, turn)
            layer.values[:, :, rows] = values
        return slice(held.start, rows.stop)

    def commit(self, state: WindowState, frames: Sequence[int]) -> None:
        """The clean pass over these frames has run: the bank may record one of them."""
        if state.bank is not None and self.bank is not None:
            slot = self.slot_of(frames[0])
            start = (self._banked + slot) * self.per_frame
            rows = slice(start, start + self.per_frame)
            self.bank.record(state.bank, state.layers, frames, rows, state.positions[slot])

    def _rebase(self, state: WindowState) -> None:
        """Count on from just behind sink and bank; what a new chunk displaces has gone already."""
        recalled = 0 if state.bank is None else state.bank.banked
        base = min(frame for frame in state.frames[self.sink :] if frame >= 0) - self.sink - recalled
        rows = slice((self._banked + self.sink) * self.per_frame, (self._banked + self.slots) * self.per_frame)
        move_all(state.layers, rows, state.base - base)
        if state.bank is not None and self.bank is not None and recalled:
            self.bank.rebase(state.bank, state.layers, self.sink)
        state.base = base

    def _fold(self, ema_sink: EmaSink, state: WindowState, frames: Sequence[int], slots: Sequence[int | None]) -> bool:
        """Hand to the sink what a new chunk is about to displace; whether there was anything."""
        leaving = [slot for frame, slot in zip(frames, slots, strict=True) if slot is not None]
        if not leaving or any(state.frames[slot] in (-1, *frames) for slot in leaving):
            return False
        rows = slice(leaving[0] * self.per_frame, (leaving[-1] + 1) * self.per_frame)
        for layer in state.layers:
            ema_sink.fold(layer, rows)
        return True

    def _sparse(self, recalled: int, filled: int) -> tuple[int, int]:
        """Of how many frames of bank and sink sparse activation chooses how many; 0 of 0 where it takes all."""
        wanted = 0 if self.bank is None else self.bank.rule.sparse
        candidates = recalled + min(self.sink, filled)
        if not wanted or not recalled or candidates <= wanted:
            return 0, 0
        return candidates, wanted

    def _positions(self, state: WindowState, filled: int) -> list[int]:
        """Of each slot."""
        frames = state.frames
        if self.absolute:
            return frames[: self.sink] + [frame - state.base for frame in frames[self.sink :]]
        order = {frame: position for position, frame in enumerate(sorted(frames[:filled]))}
        return [order.get(frame, -1) for frame in frames]

    def _rotation(self, positions: Sequence[int], device: torch.device) -> Tensor:
        return rotary(self.rows, self.columns, self.architecture.head_dim, device)(positions)

    def _rows(self, places: Sequence[int | None], state: WindowState) -> Tensor:
        """Rows of the buffers, int64 [N], for frames in these places of theirs; any for those that are not stored."""
        rotated, t = state.layers[0].rotated, self.per_frame
        numbers = row_numbers(rotated.shape[2], rotated.device)
        parts = [numbers[start * t : end * t] for start, end in runs([place or 0 for place in places])]
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _stored(places: Sequence[int | None]) -> list[tuple[int, int]]:
    """The frames of a pass that have a place, as runs of neighbours."""
    kept = [n for n, place in enumerate(places) if place is not None]
    return list(runs(kept)) if kept else []


def _and_weight(bias: Tensor | None, weight: Tensor | None, held: slice, visible: slice) -> Tensor | None:
    """The bias of the window's rows and that of references, as one over all visible rows; None where both are."""
    if bias is None and weight is None:
        return None
    n, rows = visible.stop - held.stop, held.stop - held.start
    like = bias if weight is None else weight
    assert like is not None
    before = like.new_zeros((1, 1, 1, rows)) if bias is None else pad(bias, (rows - bias.shape[-1], 0))
    return torch.cat((before, like.new_zeros((1, 1, 1, n)) if weight is None else weight), dim=-1)
