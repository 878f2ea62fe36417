"""Weights into modules: strict, tensor by tensor, never two copies of a model in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from .layouts import Layout
from .lazy_tensor import LazyTensor
from .weights import Weights

M = TypeVar("M", bound=nn.Module)
NAMED = 10
"""How many keys an error names."""


@dataclass(frozen=True)
class Part:
    """What one file gives to a module.

    weights: under the module's names. keys: those it must have, no fewer and no more. expected: the file, in words.
    layout: what the file looks like, as `recognise` says.
    """

    weights: Weights
    keys: Collection[str]
    expected: str
    layout: Layout | None


def on_meta(make: Callable[[], M], dtype: torch.dtype) -> M:
    """A module to `fill`: its parameters have shapes and the dtype, but no memory. For inference."""
    with torch.device("meta"):
        module = make()
    for parameter in module.parameters():
        parameter.data = parameter.data.to(dtype)
    return module.eval().requires_grad_(False)


def fill(
    module: M, parts: Sequence[Part], device: torch.device, finish: Callable[[M, str], None] | None = None
) -> None:
    """Give a module its weights, one after the other, each in the dtype that the module has there.

    finish: called with the module and a `unit` of it as soon as that has all its weights; there it may be changed.
    Raises CheckpointError, before anything is written, with all missing, unknown and misshapen keys of all parts and
    what each file looks like; and, of the first tensor with a number that is not finite, with its key.
    """
    own = module.state_dict()
    wrong = [complaint for part in parts if (complaint := _complaint(part, own))]
    if wrong:
        raise CheckpointError("; ".join(wrong))
    missing = Counter(unit(key) for part in parts for key in part.keys)
    for part in parts:
        for key, stored in part.weights.tensors.items():  # in the order of the file
            put(module, key, stored, own[key].dtype, device)
            missing[unit(key)] -= 1
            if finish is not None and not missing[unit(key)]:
                finish(module, unit(key))
    module.to(device)  # buffers that no checkpoint holds


def unit(key: str) -> str:
    """The part of a model that a weight belongs to: of a transformer one block, such as "blocks.3"."""
    return ".".join(key.split(".")[:2])


def put(module: nn.Module, key: str, stored: LazyTensor, dtype: torch.dtype, device: torch.device) -> None:
    """Read one tensor into memory of its own and make it the module's."""
    value = torch.empty(stored.shape, dtype=dtype, device=device)
    if not value.is_meta:
        stored.copy_to(value)
    owner, _, name = key.rpartition(".")
    holder = module.get_submodule(owner)
    is_parameter = isinstance(getattr(holder, name), nn.Parameter)
    setattr(holder, name, nn.Parameter(value, requires_grad=False) if is_parameter else value)


def _complaint(part: Part, own: Mapping[str, Tensor]) -> str | None:
    """What is wrong with a part, or None."""
    given = part.weights.tensors
    misshapen = [
        f"{key} {given[key].shape}, expected {tuple(own[key].shape)}"
        for key in part.keys
        if key in given and given[key].shape != tuple(own[key].shape)
    ]
    whole = [
        f"{key} {given[key].dtype}"
        for key in part.keys
        if key in given and own[key].is_floating_point() and not given[key].dtype.is_floating_point
    ]
    lists = {
        "are missing": sorted(set(part.keys) - given.keys()),
        "are unknown": sorted(given.keys() - set(part.keys)),
        "have another shape": misshapen,
        "are whole numbers, expected floating point": whole,
    }
    counted = [f"{len(keys)} keys {are} (first: {keys[:NAMED]})" for are, keys in lists.items() if keys]
    if not counted:
        return None
    looks = f"looks like {part.layout}" if part.layout else "is nothing that is known here"
    return f"{part.weights.path} {looks}, expected {part.expected}: {', '.join(counted)}; get that file, whole"
