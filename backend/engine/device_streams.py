"""The ways to the device and back, beside what is computed there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


class HostCopy:
    """A copy that is on its way to the host. done: reached once it is there; None where it is there at once."""

    def __init__(self, copy: Tensor, done: torch.cuda.Event | None = None, source: Tensor | None = None) -> None:
        self._copy, self._done = copy, done
        self._source = source  # held meanwhile, so that its memory is given to nobody else

    @property
    def on_its_way(self) -> bool:
        """Whether `wait` may have to wait."""
        return self._done is not None

    def wait(self) -> np.ndarray:
        """The copy, once it is whole."""
        if self._done is not None:
            self._done.synchronize()
        self._done = self._source = None
        return self._copy.numpy()


class DeviceStreams:
    """Of a graphics card two streams beside the main one, "in" and "out"; a processor does at once what it is told.

    What is done `ahead` on "in" may run while the main stream still refreshes the memory of the chunk before. Copies to
    the host leave on "out", through pinned memory, so that the main stream and the host go on meanwhile.
    """

    def __init__(self, device: torch.device | str) -> None:
        self._device = torch.device(device)
        on_card = self._device.type == "cuda"
        self._in, self._out = (torch.cuda.Stream(self._device) if on_card else None for _ in range(2))
        self._step: torch.cuda.Event | None = None

    def note_step(self) -> None:
        """A chunk is queued up to its frames: what is done ahead for the next one must not begin before that."""
        if self._in is not None:
            self._step = torch.cuda.Event()
            self._step.record()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """What is queued within goes on "in"; what the main stream is given afterwards waits for it.

        Both ways of sharing memory are safe so: tensors of "in" that are let go were last read before `note_step`,
        and the main stream gives memory that was read on "in" to nobody before that is done.
        """
        if self._in is None:
            yield
            return
        if self._step is not None:
            self._in.wait_event(self._step)
        with torch.cuda.stream(self._in):
            yield
        torch.cuda.current_stream(self._device).wait_stream(self._in)

    def to_host(self, tensor: Tensor) -> HostCopy:
        """Begin to copy what the main stream makes next; nothing waits for it."""
        if self._out is None:
            return HostCopy(tensor.cpu())
        self._out.wait_stream(torch.cuda.current_stream(self._device))
        copy, done = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True), torch.cuda.Event()
        with torch.cuda.stream(self._out):
            copy.copy_(tensor, non_blocking=True)
            done.record()
        return HostCopy(copy, done, tensor)
