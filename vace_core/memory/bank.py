"""MemFlow's memory bank: the first latent frame of every few chunks, kept by how much it has to do with the prompt.

Each layer keeps its own frames. The bank stands in front of the sink, newest place first, so that a bank that is not
full yet and the window behind it are still one contiguous slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..config import Bank
from ..transformer.model import Prompt
from .layer import LayerState


@dataclass
class BankState:
    """For each layer the keys (rotated) and values [B, H, T, head] of the frame recorded last, until it is banked."""

    pending: list[tuple[Tensor, Tensor]]
    is_pending: bool = False
    recorded: int = 0
    """Frames recorded so far, as the rule counts them: one for every `interval` chunks begun."""

    def nbytes(self) -> int:
        return sum(keys.nbytes + values.nbytes for keys, values in self.pending)

    def clone(self) -> BankState:
        pending = [(keys.clone(), values.clone()) for keys, values in self.pending]
        return BankState(pending, self.is_pending, self.recorded)


class FrameBank:
    """The rule. What it holds lies in the layers' buffers and in `BankState`."""

    def __init__(self, rule: Bank, per_frame: int) -> None:
        self.rule = rule
        self._per_frame = per_frame

    def visible(self, state: BankState) -> int:
        """Frames of the bank that a chunk attends to."""
        return min(state.recorded, self.rule.frames)

    def record(self, state: BankState, layers: Sequence[LayerState], chunk: Sequence[int], first: slice) -> None:
        """After the clean pass of a chunk: note its first frame, which lies in rows `first`, if it is due."""
        number = chunk[0] // len(chunk)
        if number % self.rule.interval and not self.rule.every_chunk:
            return
        for (keys, values), layer in zip(state.pending, layers, strict=True):
            keys.copy_(layer.rotated[:, :, first])
            values.copy_(layer.values[:, :, first])
        state.recorded = number // self.rule.interval + 1
        state.is_pending = True

    def recall(self, state: BankState, layers: Sequence[LayerState], prompt: Prompt) -> None:
        """Before a chunk: bank the frame recorded last; if it is full, the one least to do with the prompt goes."""
        if not state.is_pending:
            return
        for layer, pending, (text, _) in zip(layers, state.pending, prompt.main, strict=True):
            place = state.recorded - 1
            if place >= self.rule.frames:
                self._make_room(layer, text)
                place = self.rule.frames - 1
            for buffer, rows in zip(layer.read, pending, strict=True):
                buffer[:, :, self._rows(place)] = rows
        state.is_pending = self.rule.recommit

    def _make_room(self, layer: LayerState, text: Tensor) -> None:
        """Keep all but one of the banked frames, best first.

        A frame's score is the mean of text key times frame key over heads, text rows and tokens, as published: the
        product of the two means.
        """
        count = self.rule.frames
        keys, values = (
            buffer[:, :, : count * self._per_frame].unflatten(2, (count, -1)).flip(2) for buffer in layer.read
        )
        scores = (keys.float().mean(3) * text.float().mean(2, keepdim=True)).sum(-1).mean(1)
        best = scores.topk(count - 1, dim=1).indices[:, None, :, None, None]
        for buffer, frames in zip(layer.read, (keys, values), strict=True):
            kept = frames.gather(2, best.expand(-1, frames.shape[1], -1, *frames.shape[3:]))
            for place in range(count - 1):
                buffer[:, :, self._rows(place)] = kept[:, :, place]

    def _rows(self, place: int) -> slice:
        """Rows of the bank's place 0, 1, 2 ..., in the order in which it fills."""
        slot = self.rule.frames - 1 - place
        return slice(slot * self._per_frame, (slot + 1) * self._per_frame)
