"""MemFlow's memory bank: the first latent frame of every few chunks, kept by how much it has to do with the prompt.

Each layer keeps its own frames. The bank stands in front of the sink, newest place first, so that a bank that is not
full yet and the window behind it are still one contiguous slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..config import Bank
from ..parallel import ALONE, Ranks
from ..transformer.inputs import Prompt
from .layer import LayerState
from .rebase import move_each


@dataclass
class BankState:
    """For each layer the keys (rotated) and values [B, H, T, head] of the frame recorded last, until it is banked."""

    pending: list[tuple[Tensor, Tensor]]
    positions: Tensor
    """Temporal positions [layers, B, frames] that banked keys stand at, in the order of the places."""
    pending_position: int = 0
    is_pending: bool = False
    recorded: int = 0
    """Frames recorded so far, as the rule counts them: one for every `interval` chunks begun."""
    banked: int = 0
    """Places of the bank that hold a frame."""

    def nbytes(self) -> int:
        return self.positions.nbytes + sum(keys.nbytes + values.nbytes for keys, values in self.pending)

    def copy_from(self, other: BankState) -> None:
        """Hold what another one does, in these buffers."""
        for own, its in zip(self.pending, other.pending, strict=True):
            for buffer, rows in zip(own, its, strict=True):
                buffer.copy_(rows)
        self.positions.copy_(other.positions)
        self.pending_position, self.is_pending = other.pending_position, other.is_pending
        self.recorded, self.banked = other.recorded, other.banked

    def reset(self) -> None:
        """Hold nothing."""
        self.pending_position = self.recorded = self.banked = 0
        self.is_pending = False

    def clone(self) -> BankState:
        pending = [(keys.clone(), values.clone()) for keys, values in self.pending]
        return replace(self, pending=pending, positions=self.positions.clone())


class FrameBank:
    """The rule. What it holds lies in the layers' buffers and in `BankState`."""

    def __init__(self, rule: Bank, per_frame: int, ranks: Ranks = ALONE) -> None:
        self.rule = rule
        self._per_frame = per_frame
        self._ranks = ranks

    def init_state(self, layers: Sequence[LayerState]) -> BankState:
        """Empty buffers, made once a stream, beside these layers', which are empty too."""
        rows = slice(0, self._per_frame)
        pending = [(layer.rotated[:, :, rows].clone(), layer.values[:, :, rows].clone()) for layer in layers]
        like = layers[0].rotated
        positions = torch.zeros((len(layers), len(like), self.rule.frames), dtype=torch.int64, device=like.device)
        return BankState(pending, positions)

    def record(
        self, state: BankState, layers: Sequence[LayerState], chunk: Sequence[int], first: slice, position: int
    ) -> None:
        """After the clean pass of a chunk: note its first frame, which lies in rows `first`, if it is due."""
        number = chunk[0] // len(chunk)
        if number % self.rule.interval and not self.rule.every_chunk:
            return
        for (keys, values), layer in zip(state.pending, layers, strict=True):
            keys.copy_(layer.rotated[:, :, first])
            values.copy_(layer.values[:, :, first])
        state.pending_position = position
        state.recorded = number // self.rule.interval + 1
        state.is_pending = True

    def recall(self, state: BankState, layers: Sequence[LayerState], prompt: Prompt) -> None:
        """Before a chunk, or before a recache under its prompt: bank the frame recorded last.

        If the bank is full, the frame that has least to do with the prompt goes.
        """
        if not state.is_pending:
            return
        place = min(state.recorded, self.rule.frames) - 1
        if state.recorded > self.rule.frames:
            kept = [self._make_room(layer, text) for layer, (text, _) in zip(layers, prompt.main, strict=True)]
            state.positions[..., :place] = state.positions.gather(2, torch.stack(kept))
        for layer, pending in zip(layers, state.pending, strict=True):
            for buffer, rows in zip(layer.read, pending, strict=True):
                buffer[:, :, self._rows(place)] = rows
        state.positions[..., place] = state.pending_position
        state.banked = place + 1
        state.is_pending = self.rule.recommit

    def rebase(self, state: BankState, layers: Sequence[LayerState], first: int) -> None:
        """Move the banked frames, oldest first, to positions `first`, `first + 1`, ... No other frame waits."""
        before = state.positions[..., : state.banked]
        after = first + before.argsort(dim=-1, stable=True).argsort(dim=-1)
        held = slice((self.rule.frames - state.banked) * self._per_frame, self.rule.frames * self._per_frame)
        move_each(layers, held, (after - before).flip(-1))
        state.positions[..., : state.banked] = after
        state.pending_position = first + state.banked - 1
        for layer, (keys, _) in zip(layers, state.pending, strict=True):
            keys.copy_(layer.rotated[:, :, self._rows(state.banked - 1)])

    def _make_room(self, layer: LayerState, text: Tensor) -> Tensor:
        """Keep all but one of the banked frames, best first; the places [B, frames - 1] that they had.

        A frame's score is the mean of text key times frame key over heads, text rows and tokens, as published: the
        product of the two means.
        """
        count = self.rule.frames
        keys, values = (
            buffer[:, :, : count * self._per_frame].unflatten(2, (count, -1)).flip(2) for buffer in layer.read
        )
        text = self._ranks.own_heads(text)
        scores = (keys.float().mean(3) * text.float().mean(2, keepdim=True)).sum(-1)
        places = self._ranks.all_heads(scores).mean(1).topk(count - 1, dim=1).indices
        best = places[:, None, :, None, None]
        for buffer, frames in zip(layer.read, (keys, values), strict=True):
            kept = frames.gather(2, best.expand(-1, frames.shape[1], -1, *frames.shape[3:]))
            for place in range(count - 1):
                buffer[:, :, self._rows(place)] = kept[:, :, place]
        return places

    def _rows(self, place: int) -> slice:
        """Rows of the bank's place 0, 1, 2 ..., in the order in which it fills."""
        slot = self.rule.frames - 1 - place
        return slice(slot * self._per_frame, (slot + 1) * self._per_frame)
