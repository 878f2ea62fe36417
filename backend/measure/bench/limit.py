"""How near a chunk comes to what the device can do, by its rates of multiplying and copying, measured in the same run.

A product (of matrices, a convolution, attention) of which the result has n numbers, each a sum over k products, is
2 n k floating-point operations: [M, K] x [K, N] is 2 M N K, a convolution 2 n times the weights of one output channel,
attention over queries [B, H, N, D] and M keys 4 B H N M D. It moves at least the bytes of what it is given and of its
result. The limit of a chunk is the sum over its products of

    max(operations / rate of multiplying, bytes / rate of copying)

as though everything else were free: norms, rotations, modulation and all that is done between products could be fused
into them. All steps, the clean pass, encoding and decoding are counted, as our own stream runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vace_core.controls import Controls
from vace_core.stream import Stream

from .timing import timed

ROUNDS = 5
MATRIX = {"cuda": 8192, "cpu": 1024}
"""Rows and columns of what is multiplied, large enough that the device is busy with nothing else."""
COPIED_BYTES = {"cuda": 2**30, "cpu": 2**27}


@dataclass(frozen=True)
class Rates:
    """What a device does in a second: floating-point operations of a product, bytes that a copy reads and writes."""

    operations: float
    bytes: float

    @classmethod
    def measured(cls, device: torch.device, dtype: torch.dtype) -> Rates:
        """The best of some rounds."""
        n = MATRIX.get(device.type, MATRIX["cpu"])
        one, other = (torch.ones((n, n), device=device, dtype=dtype) for _ in range(2))
        source = torch.ones(COPIED_BYTES.get(device.type, COPIED_BYTES["cpu"]), device=device, dtype=torch.uint8)
        target = torch.empty_like(source)
        multiplied = _best(lambda: torch.mm(one, other), device)
        copied = _best(lambda: target.copy_(source), device)
        return cls(2 * n**3 / multiplied, 2 * source.nbytes / copied)

    def row(self, dtype: torch.dtype) -> dict[str, Any]:
        return {
            "name": f"rates of the device, {str(dtype).removeprefix('torch.')}",
            "multiply_gflops": round(self.operations / 1e9, 1),
            "copy_gb_per_s": round(self.bytes / 1e9, 2),
        }


@dataclass
class Work(TorchDispatchMode):
    """Counts the products that are made within it."""

    products: list[tuple[int, int]] = field(default_factory=list)
    """Of each: operations, and the fewest bytes that it moves."""

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def operations(self) -> int:
        return sum(operations for operations, _ in self.products)

    def seconds(self, rates: Rates) -> float:
        """The formula of the module's docstring."""
        return sum(max(done / rates.operations, moved / rates.bytes) for done, moved in self.products)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, length = kwargs or {}, SUMMED.get(func._schema.name)
        if length is None:
            with self:
                parts = func.decompose(*args, **kwargs)
            return func(*args, **kwargs) if parts is NotImplemented else parts
        out = func(*args, **kwargs)
        moved = sum(each.nbytes for each in (*args, out) if isinstance(each, Tensor))
        self.products.append((2 * out.numel() * length(*args), moved))
        return out


def limit_row(stream: Stream, controls: Controls, rates: Rates, seconds: float) -> dict[str, Any]:
    """What a stream's next chunk multiplies, its limit, and how much of `seconds` that is.

    The stream must be one that has made no chunk yet, or a fork, whose next chunk runs eagerly: what is replayed from a
    graph cannot be counted.
    """
    with Work() as work:
        stream.step(controls)
        stream.settle()
    limit = work.seconds(rates)
    return {
        "gflop": round(work.operations / 1e9, 3),
        "limit_ms": round(1000 * limit, 3),
        "of_limit_percent": round(100 * limit / seconds, 1),
    }


def _attended(queries: Tensor, keys: Tensor, values: Tensor, *rest: object) -> int:
    """Per number of the result: a sum over a head for each key's logit, shared by the head, and one over the keys."""
    return keys.shape[-2] * (queries.shape[-1] + values.shape[-1]) // values.shape[-1]


SUMMED: dict[str, Callable[..., int]] = {
    "aten::mm": lambda a, b: a.shape[-1],
    "aten::bmm": lambda a, b: a.shape[-1],
    "aten::addmm": lambda bias, a, b: a.shape[-1],
    "aten::baddbmm": lambda bias, a, b: a.shape[-1],
    "aten::convolution": lambda x, weight, *rest: weight[0].numel(),
    "vace_live::attend": _attended,
}
"""Over how many products each number of an operator's result is a sum."""


def _best(run: Callable[[], object], device: torch.device) -> float:
    run()
    return min(timed(run, device) for _ in range(ROUNDS))
