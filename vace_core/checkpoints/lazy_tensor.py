"""A tensor that lies in a file, and is looked at when it is read: only finite numbers go into a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import CheckpointError

FLOAT8 = {torch.float8_e4m3fn: 0x7F, torch.float8_e5m2: 0x7C}
"""Bits that are all set in what is no finite number; there are no reductions of these formats."""


@dataclass(frozen=True)
class LazyTensor:
    """A tensor that lies in a file.

    `pieces` gives its numbers in order, flat; a piece is good until the next one is read, of whatever tensor. place:
    what an error calls it, its file and its key there.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    pieces: Callable[[], Iterator[Tensor]]
    place: str

    @classmethod
    def of(cls, tensor: Tensor, place: str = "a tensor made here") -> LazyTensor:
        """A tensor that was made here, as if it lay in a file."""
        return cls(tuple(tensor.shape), tensor.dtype, lambda: iter([tensor.flatten()]), place)

    def copy_to(self, out: Tensor) -> None:
        """Into a contiguous tensor of its shape, any dtype, on any device.

        Raises CheckpointError where a number is NaN or infinite, in the file or in the dtype of `out`.
        """
        flat, at = out.view(-1), 0
        for piece in self.pieces():
            part = flat[at : at + len(piece)].copy_(piece)
            if not all_finite(part):
                raise CheckpointError(
                    f"{self.place} holds NaN or infinite numbers as {out.dtype}; the file is damaged or was made "
                    "wrong, get it again or leave it out"
                )
            at += len(piece)

    def read(self) -> Tensor:
        """The whole of it, on the CPU. Raises CheckpointError as `copy_to` does."""
        out = torch.empty(self.shape, dtype=self.dtype)
        self.copy_to(out)
        return out


def all_finite(numbers: Tensor) -> bool:
    """Whether there is neither NaN nor an infinity. One reduction where the numbers are: a read of them, no copy."""
    if numbers.is_meta or not numbers.is_floating_point() or not numbers.numel():
        return True
    if (bits := FLOAT8.get(numbers.dtype)) is not None:
        return int(numbers.view(torch.uint8).bitwise_and(bits).amax()) < bits
    return bool(torch.isfinite(torch.stack(torch.aminmax(numbers))).all())
