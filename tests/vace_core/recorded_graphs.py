"""A stand-in for CUDA graphs on the CPU: it notes kernels with their addresses and numbers, and replays them.

As a CUDA graph does, it knows nothing of the Python that asked for them: what was a number stays that number, and what
lay at an address is looked for there. As with a CUDA graph, recording has no effect on what it would have written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

T = TypeVar("T")
MADE_EMPTY = ("empty", "empty_like", "empty_strided", "new_empty")


class RecordedGraphs:
    """`vace_core.passes.Graphs`."""

    def __init__(self, device: torch.device | None = None) -> None:
        self.recorded = self.replayed = self.warmed = 0

    def warm(self, run: Callable[[], T]) -> T:
        self.warmed += 1
        return run()

    def record(self, run: Callable[[], T]) -> Callable[[], T]:
        with Recording() as recording:
            made = run()
        recording.roll_back()
        self.recorded += 1

        def replay() -> T:
            self.replayed += 1
            for kernel in recording.kernels:
                kernel.run()
            return made

        return replay


@dataclass
class Kernel:
    """An operator with what it was called with, and the tensors that it made, where it made some."""

    func: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    made: list[Tensor]

    def run(self) -> None:
        again = self.func(*self.args, **self.kwargs)
        for tensor, new in zip(self.made, _tensors(again), strict=bool(self.made)):
            tensor.copy_(new)


@dataclass
class Recording(TorchDispatchMode):
    kernels: list[Kernel] = field(default_factory=list)
    before: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    """What was written to that was there before, and what it held."""
    own: dict[int, Tensor] = field(default_factory=dict)
    """Tensors made while recording, by their storage's address."""

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def ignore_compile_internals(cls) -> bool:
        """Compiled code runs as such within it, and its kernels are noted like any others."""
        return True

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = list(_tensors([args, list(kwargs.values())]))
        for tensor in _written(func, args, kwargs):
            if _address(tensor) not in self.own:
                self.before.append((tensor, tensor.clone()))
        result = func(*args, **kwargs)
        made = [one for one in _tensors(result) if _address(one) not in {_address(tensor) for tensor in given}]
        self.own |= {_address(one): one for one in made}
        is_empty = func._schema.name.removeprefix("aten::") in MADE_EMPTY
        if not is_empty and (made or func._schema.is_mutable):
            self.kernels.append(Kernel(func, args, kwargs, made))
        return result

    def roll_back(self) -> None:
        for tensor, content in reversed(self.before):
            tensor.copy_(content)


def _written(func: Any, args: Any, kwargs: Any) -> Iterator[Tensor]:
    for n, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            yield from _tensors(args[n] if n < len(args) else kwargs.get(argument.name))


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _tensors(part: Any) -> Iterator[Tensor]:
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _tensors(one)
