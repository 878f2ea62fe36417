"""A stand-in for a CUDA graph on the CPU: it keeps the operators that a run calls, and calls them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from vace_core.transformer.laboratory import Run


def recorded(run: Run) -> Run:
    """What calls the operators of a run again, on the same tensors; whatever else the run did is not in it."""
    with torch.no_grad(), _Recorder() as recorder:
        out = run()

    def replay() -> Tensor:
        with torch.no_grad():
            for call in recorder.calls:
                call()
        return out

    return replay


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Callable[[], None]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if "empty" in str(func):  # to set memory aside is no kernel
            return out
        self.calls.append(lambda: _overwrite(out, func(*args, **(kwargs or {}))))
        return out


def _overwrite(old: Any, new: Any) -> None:
    for before, after in zip(tree_flatten(old)[0], tree_flatten(new)[0], strict=True):
        if isinstance(before, Tensor) and before.data_ptr() != after.data_ptr():
            before.copy_(after)
