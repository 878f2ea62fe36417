"""Messages with tensors in them, from rank 0 to the others: the tensors by broadcast, from device to device."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vace_core.parallel import Ranks

LASTING = 3
"""Dimensions of pictures and embeddings. Whoever gets one knows it again by being the same tensor, so it is sent once
and is the same tensor there, too, as long as each message has it. Videos have five and are sent each time."""


@dataclass(frozen=True)
class Sent:
    """A tensor that follows."""

    shape: tuple[int, ...]
    dtype: torch.dtype


@dataclass(frozen=True)
class Kept:
    """A tensor that came with the message before, as its lasting one of that number."""

    number: int


@dataclass(frozen=True)
class Packed:
    """A message: its tensors, and the rest of it, in which a tensor is its number."""

    tensors: tuple[Sent | Kept, ...]
    rest: bytes


class TensorSender:
    """Rank 0's side."""

    def __init__(self) -> None:
        self._lasting: list[Tensor] = []

    def pack(self, message: object) -> tuple[Packed, list[Tensor]]:
        """A message, and the tensors that are to be broadcast after it, in this order."""
        buffer = io.BytesIO()
        pickler = _Pickler(buffer)
        pickler.dump(message)
        known = {id(tensor): number for number, tensor in enumerate(self._lasting)}
        places = [
            Kept(known[id(tensor)]) if id(tensor) in known else Sent(tuple(tensor.shape), tensor.dtype)
            for tensor in pickler.tensors
        ]
        self._lasting = lasting(pickler.tensors)
        sent = [tensor for tensor, place in zip(pickler.tensors, places, strict=True) if isinstance(place, Sent)]
        return Packed(tuple(places), buffer.getvalue()), sent


class TensorReceiver:
    """The side of another rank, whose tensors are to be on `device`."""

    def __init__(self, ranks: Ranks, device: torch.device) -> None:
        self._ranks, self._device = ranks, device
        self._lasting: list[Tensor] = []

    def unpack(self, packed: Packed) -> Any:
        """The message; takes part in the broadcast of its tensors."""
        tensors = [self._tensor(place) for place in packed.tensors]
        self._lasting = lasting(tensors)
        return _Unpickler(packed.rest, tensors).load()

    def _tensor(self, place: Sent | Kept) -> Tensor:
        if isinstance(place, Kept):
            return self._lasting[place.number]
        return self._ranks.broadcast(torch.empty(place.shape, dtype=place.dtype, device=self._device))


def lasting(tensors: list[Tensor]) -> list[Tensor]:
    """Those that the next message may refer to."""
    return [tensor for tensor in tensors if tensor.dim() == LASTING]


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.tensors: list[Tensor] = []
        self._numbers: dict[int, int] = {}

    def persistent_id(self, obj: object) -> int | None:
        """A tensor's number, so that it is not written itself."""
        if not isinstance(obj, Tensor):
            return None
        if id(obj) not in self._numbers:
            self._numbers[id(obj)] = len(self.tensors)
            self.tensors.append(obj)
        return self._numbers[id(obj)]


class _Unpickler(pickle.Unpickler):
    def __init__(self, rest: bytes, tensors: list[Tensor]) -> None:
        super().__init__(io.BytesIO(rest))
        self._tensors = tensors

    def persistent_load(self, pid: int) -> Tensor:
        """The tensor of that number."""
        return self._tensors[pid]
