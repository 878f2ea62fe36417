"""What a stream remembers, written plainly: the rule that `vace_core.memory` is compared with.

Every latent frame that is remembered is kept unrotated under its number, in dictionaries and lists, and turned at every
read; attention is written out. There are no slots, no buffers, no views, and nothing is done ahead or put off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vace_core.config import Pipeline
from vace_core.memory import ReferenceKV
from vace_core.transformer import Prompt
from vace_core.transformer.kernels import Kernels
from vace_core.transformer.rope import rotate, rotation


@dataclass
class Frame:
    """One latent frame in one layer: keys (unrotated) and values [1, H, T, D], and where it stands in time."""

    position: int
    keys: Tensor
    values: Tensor
    log_weight: float = 0.0

    def turned(self, grid: tuple[int, int]) -> Tensor:
        return rotate(self.keys, rotation([self.position], *grid, self.keys.shape[-1], "cpu"))


@dataclass
class PlainLayer:
    """One layer. `attend` is what the transformer calls (`transformer.attention.LayerMemory`)."""

    grid: tuple[int, int]
    window: dict[int, Frame] = field(default_factory=dict)
    """By the frame's number."""
    bank: list[Frame] = field(default_factory=list)
    """In the order in which it fills."""
    waiting: Frame | None = None
    """Recorded, and not banked yet."""
    beside: list[Frame] = field(default_factory=list)
    """Reference frames of this pass."""
    own: list[tuple[int | None, int]] = field(default_factory=list)
    """Of the pass's frames, the number (None for a reference) and the position."""

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, kernels: Kernels) -> Tensor:
        per_frame = self.grid[0] * self.grid[1]
        passing: list[Frame] = []
        rows = zip(keys.split(per_frame, 2), values.split(per_frame, 2), strict=True)
        for (number, position), (k, v) in zip(self.own, rows, strict=True):
            if number is None:
                weight = self.beside[len(passing)].log_weight
                passing.append(Frame(position, k, v, weight))
            else:
                self.window[number].keys, self.window[number].values = k, v
        seen = [*self.bank, *self.window.values(), *(passing or self.beside)]
        k = torch.cat([frame.turned(self.grid) for frame in seen], dim=2)
        v = torch.cat([frame.values for frame in seen], dim=2)
        weight = torch.tensor([frame.log_weight for frame in seen]).repeat_interleave(per_frame)
        return (queries @ k.mT / math.sqrt(k.shape[-1]) + weight).softmax(-1) @ v


class PlainMemory:
    """All layers. A pass is `begin`, then a forward through `layers` with the rotation that `begin` hands back."""

    def __init__(self, pipeline: Pipeline, grid: tuple[int, int]) -> None:
        self.pipeline, self.grid = pipeline, grid
        self.layers = [PlainLayer(grid) for _ in range(pipeline.architecture.layers)]
        self.back = 0
        """How far the positions beyond the sink have been set back."""
        self.counted = 0
        """Frames recorded, one for every `interval` chunks, also where every chunk is."""

    def begin(
        self,
        frames: Sequence[int],
        prompt: Prompt | None = None,
        past_weight: float = 1.0,
        references: ReferenceKV | None = None,
    ) -> Tensor:
        rule = self.pipeline
        if prompt is not None and rule.bank is not None:
            for layer, (text, _) in zip(self.layers, prompt.main, strict=True):
                self._bank(layer, text)
        for n, layer in enumerate(self.layers):
            self._make_way(layer, frames)
            self._place(layer, frames)
            first = min(layer.window)
            for number, frame in layer.window.items():
                frame.log_weight = 0.0 if number in frames or number == first else math.log(past_weight)
            start = layer.window[frames[0]].position
            layer.own = [(number, layer.window[number].position) for number in frames]
            layer.beside = self._references(references, n, start)
            if references is not None and references.kept is None:
                layer.own = [(None, frame.position) for frame in layer.beside] + layer.own
        self.back = self._back_now()
        positions = [position for _, position in self.layers[0].own]
        return rotation(positions, *self.grid, rule.architecture.head_dim, "cpu")

    def record(self, frames: Sequence[int]) -> None:
        """The clean pass over a chunk has run; MemFlow records its first frame, in every so manyeth chunk."""
        bank = self.pipeline.bank
        if bank is None or (frames[0] // len(frames) % bank.interval and not bank.every_chunk):
            return
        self.counted = frames[0] // len(frames) // bank.interval + 1
        for layer in self.layers:
            frame = layer.window[frames[0]]
            layer.waiting = Frame(frame.position, frame.keys, frame.values)

    def forget(self) -> None:
        for layer in self.layers:
            layer.window.clear()

    def _bank(self, layer: PlainLayer, text: Tensor) -> None:
        """Bank the frame that waits, in the place of its count.

        If there is none, that with the least mean product with the text's keys goes.
        """
        rule = self.pipeline.bank
        assert rule is not None
        if layer.waiting is None:
            return
        layer.bank = layer.bank[: self.counted - 1]
        if len(layer.bank) == rule.frames:
            scores = [torch.einsum("bhtd,bhld->", frame.turned(self.grid), text).item() for frame in layer.bank]
            best_first = sorted(range(len(scores)), key=lambda place: -scores[place])
            layer.bank = [layer.bank[place] for place in best_first[:-1]]
        layer.bank.append(layer.waiting)
        layer.waiting = None

    def _make_way(self, layer: PlainLayer, frames: Sequence[int]) -> None:
        """The oldest beyond the sink go, when the pass's frames are new and need their room."""
        rule = self.pipeline
        numbers = sorted({*layer.window, *frames})
        leaving = numbers[rule.sink :][: max(len(numbers) - rule.window, 0)]
        if leaving and rule.sink_decay is not None:
            for into, number in zip(range(rule.sink), leaving, strict=True):
                sink, frame = layer.window[into], layer.window[number]
                sink.keys = sink.keys.lerp(frame.keys, 1 - rule.sink_decay)
                sink.values = sink.values.lerp(frame.values, 1 - rule.sink_decay)
        for number in leaving:
            del layer.window[number]
        for number in frames:
            layer.window.setdefault(number, Frame(0, torch.empty(0), torch.empty(0)))

    def _place(self, layer: PlainLayer, frames: Sequence[int]) -> None:
        """Say where each remembered frame stands."""
        rule, numbers = self.pipeline, sorted(layer.window)
        if rule.positions == "window":
            for position, number in enumerate(numbers):
                layer.window[number].position = position
            return
        back = self.back
        if frames[-1] - back >= rule.trained_positions:
            back = numbers[rule.sink] - rule.sink - len(layer.bank)
            in_time = sorted(layer.bank, key=lambda frame: frame.position)
            for position, frame in enumerate(in_time, rule.sink):
                frame.position = position
        for number in numbers:
            layer.window[number].position = number if number < rule.sink else number - back

    def _back_now(self) -> int:
        if self.pipeline.positions == "window":
            return 0
        newest = max(self.layers[0].window)
        return newest - self.layers[0].window[newest].position

    def _references(self, references: ReferenceKV | None, layer: int, start: int) -> list[Frame]:
        if references is None:
            return []
        n, per_frame, nothing = references.frames, self.grid[0] * self.grid[1], torch.empty(0)
        kept = [(nothing, nothing)] * n
        if references.kept is not None:
            keys, values = references.kept[layer]
            kept = list(zip(keys.split(per_frame, 2), values.split(per_frame, 2), strict=True))
        logs = [math.log(strength) for strength in references.strengths]
        return [Frame(start - n + i, *kept[i], logs[i]) for i in range(n)]
