"""Networks in TensorFlow Lite's files, read without TensorFlow and run by torch, on whatever device.

Known is what the bundled networks use: float convolutions and what lies between them. The format is FlatBuffers (tables
of offsets) with the tables of TensorFlow's schema.fbs, from which the numbers of fields and operators below are.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..checkpoints.lazy_tensor import all_finite
from ..checkpoints.paths import require_file
from ..errors import CheckpointError

NUMBERS = {0: np.dtype("<f4"), 1: np.dtype("<f2"), 2: np.dtype("<i4")}
"""Of a tensor's type in the file."""

Run = Callable[..., Tensor]

ADD, CONV, DEPTHWISE, DEQUANTIZE, LOGISTIC, MAX_POOL, MUL, RELU, RESHAPE, RESIZE = 0, 3, 4, 6, 14, 17, 18, 19, 22, 23
CUSTOM, PAD, MEAN, HARD_SWISH = 32, 34, 40, 117
"""Operators. The one custom is MediaPipe's transposed convolution by 2 x 2, stride 2."""

ACTIVATIONS: dict[int, Run] = {0: lambda x: x, 1: torch.relu_, 3: lambda x: x.clamp_(0, 6)}
"""Of the output of an operator, in its place."""
SAME = 0
"""Of the two kinds of padding the one that keeps the size."""
SIMPLE: dict[int, Run] = {
    LOGISTIC: torch.sigmoid,
    RELU: torch.relu,
    HARD_SWISH: functional.hardswish,
    MEAN: lambda x, axes: x.mean((2, 3), keepdim=True),
    CUSTOM: lambda x, kernel, bias: functional.conv_transpose2d(x, kernel, bias, stride=2),
}
"""Operators without options."""


class TfliteNet(nn.Module):
    """A file's network: pictures [B, 3, H, W] of its `size` -> its outputs by name, [B, C, h, w] or [B, N].

    outputs: which ones; what only others need is not computed. CheckpointError where the file is missing or holds
    something that is not known here.
    """

    def __init__(self, path: Path, outputs: Sequence[str]) -> None:
        super().__init__()
        require_file(path, "restore it from the repository")
        try:
            self._read(Graph(path.read_bytes()), outputs)
        except Exception as error:  # damaged offsets lead anywhere
            raise CheckpointError(f"{path}: is no network that can be run here ({error}); restore it") from error

    def _read(self, graph: Graph, outputs: Sequence[str]) -> None:
        self._outputs = {name: graph.named(name) for name in outputs}
        steps = _needed(graph.operators, set(self._outputs.values()))
        self._steps = [replace(step, run=_operation(graph, step)) for step in steps if step.kind != DEQUANTIZE]
        self._input = graph.inputs[0]
        self.size: tuple[int, int] = (graph.tensors[self._input].shape[1], graph.tensors[self._input].shape[2])
        computed = {self._input} | {step.output for step in self._steps}
        for n in sorted({n for step in self._steps for n in step.inputs} - computed):
            self.register_buffer(f"constant{n}", _in_our_order(graph, n), persistent=False)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        known = {self._input: pictures.contiguous(memory_format=torch.channels_last)}
        for step in self._steps:
            inputs = [known[n] if n in known else self.get_buffer(f"constant{n}") for n in step.inputs]
            known[step.output] = step.run(*inputs)
        return {name: known[n] for name, n in self._outputs.items()}


class Table:
    """A FlatBuffers table at a place in its bytes. Fields that are left out have their default."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - self._read("<i", at)
        self._count = (self._read("<H", self._fields) - 4) // 2

    @classmethod
    def root(cls, data: bytes) -> Table:
        return cls(data, struct.unpack_from("<I", data)[0])

    def number(self, field: int, kind: str = "<i", default: int = 0) -> int:
        place = self._place(field)
        return default if place is None else self._read(kind, place)

    def table(self, field: int) -> Table | None:
        place = self._place(field)
        return None if place is None else Table(self._data, self._target(place))

    def tables(self, field: int) -> list[Table]:
        begin, count = self._vector(field)
        return [Table(self._data, self._target(begin + 4 * n)) for n in range(count)]

    def numbers(self, field: int) -> tuple[int, ...]:
        begin, count = self._vector(field)
        return struct.unpack_from(f"<{count}i", self._data, begin)

    def bytes(self, field: int) -> bytes:
        begin, count = self._vector(field)
        return self._data[begin : begin + count]

    def _place(self, field: int) -> int | None:
        offset = self._read("<H", self._fields + 4 + 2 * field) if field < self._count else 0
        return self._at + offset if offset else None

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if place is None:
            return 0, 0
        begin = self._target(place)
        return begin + 4, self._read("<I", begin)

    def _target(self, place: int) -> int:
        return place + self._read("<I", place)

    def _read(self, kind: str, at: int) -> int:
        return struct.unpack_from(kind, self._data, at)[0]


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of the file, channels last. data: its bytes, empty where an operation makes it."""

    name: str
    shape: tuple[int, ...]
    kind: int
    data: bytes


@dataclass(frozen=True)
class Step:
    """An operator: what it is, its options, which tensors go in and which comes out."""

    kind: int
    options: Table | None
    inputs: tuple[int, ...]
    output: int
    run: Run = lambda: torch.empty(0)


class Graph:
    """What the file says: its tensors, and its operators in the order in which they are run."""

    def __init__(self, data: bytes) -> None:
        if data[4:8] != b"TFL3":
            raise ValueError("it does not begin as such files do")
        model = Table.root(data)
        kinds = [max(code.number(0, "<b"), code.number(3)) for code in model.tables(1)]
        buffers = model.tables(4)
        graph = model.tables(2)[0]
        self.tensors = [
            StoredTensor(t.bytes(3).decode(), t.numbers(0), t.number(1, "<b"), buffers[t.number(2, "<I")].bytes(0))
            for t in graph.tables(0)
        ]
        self.inputs = graph.numbers(1)
        self.operators = [
            Step(kinds[o.number(0, "<I")], o.table(4), tuple(n for n in o.numbers(1) if n >= 0), o.numbers(2)[0])
            for o in graph.tables(3)
        ]
        self._copies = {step.output: step.inputs[0] for step in self.operators if step.kind == DEQUANTIZE}

    def named(self, name: str) -> int:
        return [tensor.name for tensor in self.tensors].index(name)

    def constant(self, n: int) -> np.ndarray:
        """The numbers of a tensor that no operation makes; halves as floats."""
        tensor = self.tensors[self._copies.get(n, n)]
        array = np.frombuffer(tensor.data, NUMBERS[tensor.kind]).reshape(tensor.shape)
        return array.astype(np.float32) if array.dtype.kind == "f" else array

    def use(self, n: int) -> Step:
        """The first operator that reads a tensor."""
        return next(step for step in self.operators if n in step.inputs and step.kind != DEQUANTIZE)


def _needed(operators: Sequence[Step], wanted: set[int]) -> list[Step]:
    """The operators on whose outputs the wanted tensors depend."""
    steps = []
    for step in reversed(operators):
        if step.output in wanted:
            wanted = wanted | set(step.inputs)
            steps.append(step)
    return steps[::-1]


def _in_our_order(graph: Graph, n: int) -> Tensor:
    """A constant as torch wants it: kernels with their output channels first, numbers per channel before rows."""
    array, kind = graph.constant(n), graph.use(n).kind
    if array.ndim == 4:
        array = array.transpose((3, 0, 1, 2) if kind == DEPTHWISE else (0, 3, 1, 2))
        if kind == CUSTOM:
            array = array.swapaxes(0, 1)
    tensor = torch.from_numpy(array.copy())
    if not all_finite(tensor):
        raise ValueError(f"{graph.tensors[n].name!r} holds NaN or infinite numbers")
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _operation(graph: Graph, step: Step) -> Run:
    """What an operator does, on tensors with channels first."""
    options = step.options
    if step.kind in (CONV, DEPTHWISE):
        return _convolution(graph, step)
    if step.kind in (ADD, MUL):
        after = ACTIVATIONS[options.number(0, "<b") if options else 0]
        join = torch.add if step.kind == ADD else torch.mul
        return lambda x, y: after(join(x, y))
    if step.kind == RESIZE:
        if options is None or options.number(2, "<b") or not options.number(3, "<b"):
            raise ValueError("it enlarges pictures by another rule than by the centres of pixels")
        height, width = graph.tensors[step.output].shape[1:3]
        return lambda x, size: functional.interpolate(x, (height, width), mode="bilinear")
    if step.kind == PAD:
        _, rows, columns, channels = graph.constant(step.inputs[1]).tolist()
        return lambda x, pads: functional.pad(x, [*columns, *rows, *channels])
    if step.kind == MAX_POOL:
        return _pooling(graph, step)
    if step.kind == RESHAPE:
        return lambda x, shape: x.permute(0, 2, 3, 1).flatten(1)
    if step.kind not in SIMPLE:
        raise ValueError(f"it holds operator {step.kind}, which is not known here")
    return SIMPLE[step.kind]


def _convolution(graph: Graph, step: Step) -> Run:
    options = _options(step)
    deep = step.kind == DEPTHWISE
    stride = options.number(2, default=1), options.number(1, default=1)
    after = ACTIVATIONS[options.number(4 if deep else 3, "<b")]
    spread = [options.number(field, default=1) for field in ((5, 6) if deep else (4, 5))]
    if spread != [1, 1] or (deep and options.number(3, default=1) != 1):
        raise ValueError("it holds a convolution with holes, or with several outputs for a channel")
    source, kernel = graph.tensors[step.inputs[0]].shape, graph.tensors[step.inputs[1]].shape
    sides = _sides(options, source, kernel[1:3], stride)
    groups = source[3] if deep else 1
    if sides[0] == sides[1] and sides[2] == sides[3]:
        padding = (sides[2], sides[0])
        return lambda x, w, b: after(functional.conv2d(x, w, b, stride, padding, groups=groups))
    return lambda x, w, b: after(functional.conv2d(functional.pad(x, sides), w, b, stride, groups=groups))


def _pooling(graph: Graph, step: Step) -> Run:
    options = _options(step)
    stride = options.number(2, default=1), options.number(1, default=1)
    kernel = options.number(4, default=1), options.number(3, default=1)
    sides = _sides(options, graph.tensors[step.inputs[0]].shape, kernel, stride)
    return lambda x: functional.max_pool2d(functional.pad(x, sides, value=-math.inf), kernel, stride)


def _options(step: Step) -> Table:
    if step.options is None:
        raise ValueError(f"operator {step.kind} comes without its options")
    return step.options


def _sides(options: Table, source: Sequence[int], kernel: Sequence[int], stride: Sequence[int]) -> list[int]:
    """Rows of zeros left, right, above and below, of which there may be one more right and below."""
    if options.number(0, "<b") != SAME:
        return [0, 0, 0, 0]
    sides: list[int] = []
    for size, reach, step in zip(source[2:0:-1], kernel[::-1], stride[::-1]):
        missing = max((math.ceil(size / step) - 1) * step + reach - size, 0)
        sides += [missing // 2, missing - missing // 2]
    return sides
