"""Network calls that are recorded once and then replayed, so that the host asks for one launch in place of thousands.

A recording has fixed addresses and numbers. So what changes from call to call is a tensor, and is copied into a buffer
of the recording's before a replay; what is a number, as which rows are attended to, belongs to the recording's key. A
call of a new key runs as it is written, which is the reference; it is recorded once a second chunk has made it, after
that chunk was handed out. So modes that come and go, and a window that fills, never make a chunk wait.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from .nested import leaves, with_leaves

log = logging.getLogger(__name__)

CALLS_KEPT = 32
"""Recordings and calls that may become some; the one that was made longest ago goes."""

I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741


class Graphs(Protocol):
    """What records and replays."""

    def warm(self, run: Callable[[], O]) -> O:
        """Run it as it is, where it will be recorded: whatever is set up at a first use is then there."""
        ...

    def record(self, run: Callable[[], O]) -> Callable[[], O]:
        """Note what `run` asks of the device, without effect. Each call of what comes back does the same again, at the
        same addresses, and hands back the same tensors with what they hold then. Raises RuntimeError."""
        ...


@dataclass(frozen=True)
class Recordings:
    """How many of a stream's network calls are replayed, and in words that follow "as" why none is recorded any more,
    "" where they are."""

    count: int = 0
    why_not: str = ""


@dataclass
class _Call:
    """A network call of one key."""

    chunks: int = 0
    """How many have made it."""
    last: int = -1
    """The number of the last one."""
    pending: tuple[Callable[[Any], Any], Any] | None = None
    """What it runs and its inputs, from the call to the end of the chunk."""
    replay: Callable[[], Any] | None = None


class Passes:
    """The network calls of one stream, whose buffers they write to; graphs None: nothing is ever recorded.

    why_not: why that is so, as `Recordings`.
    """

    def __init__(self, graphs: Graphs | None = None, why_not: str = "") -> None:
        self._graphs = graphs
        self._why_not = why_not
        self._calls: OrderedDict[Hashable, _Call] = OrderedDict()
        self._staged: dict[Hashable, _Staged] = {}
        self._chunk = 0

    def __call__(self, key: Hashable, run: Callable[[I], O], inputs: I) -> O:
        """run(inputs), or the replay of a recording of it.

        inputs, and what comes back: dataclasses, tuples and lists of tensors, which nobody writes to. key: all else
        that `run` depends on, the addresses of the buffers included that it reads and writes.
        """
        if self._graphs is None:
            return run(inputs)
        call = self._call((key, _layout(inputs)))
        if call.replay is not None:
            self._stage(inputs)
            made = call.replay()
            return with_leaves(made, (None if one is None else one.clone() for one in leaves(made)))
        if call.last != self._chunk:
            call.chunks, call.last = call.chunks + 1, self._chunk
        call.pending = (run, inputs)
        return self._graphs.warm(lambda: run(inputs)) if call.chunks > 1 else run(inputs)

    @property
    def recordings(self) -> Recordings:
        """Of this moment."""
        return Recordings(sum(call.replay is not None for call in self._calls.values()), self._why_not)

    def record(self) -> None:
        """A chunk is handed out: record the calls that it and an earlier one have made."""
        self._chunk += 1
        for call in list(self._calls.values()):
            if call.pending is not None and call.chunks > 1:
                self._record(call, *call.pending)
            call.pending = None

    def _record(self, call: _Call, run: Callable[[Any], Any], inputs: Any) -> None:
        if self._graphs is None:
            return
        try:
            fixed = with_leaves(inputs, iter(self._stage(inputs)))
            call.replay = self._graphs.record(lambda: run(fixed))
        except RuntimeError as reason:
            log.warning("a network call could not be recorded (%s); they all run without graphs from here on", reason)
            self._graphs, self._why_not = None, f"a network call could not be recorded ({reason})"
            self._calls.clear()
            self._staged.clear()

    def _call(self, key: Hashable) -> _Call:
        call = self._calls.setdefault(key, _Call())
        self._calls.move_to_end(key)
        if len(self._calls) > CALLS_KEPT:
            self._calls.popitem(last=False)
        return call

    def _stage(self, inputs: Any) -> list[Tensor | None]:
        """The buffers that recordings read, holding these inputs. Recordings share them by place and shape."""
        return [
            None if one is None else self._staged.setdefault((n, one.shape, one.dtype), _Staged()).holding(one)
            for n, one in enumerate(leaves(inputs))
        ]


class _Staged:
    """A buffer of a recording's, and what was copied there last."""

    def __init__(self) -> None:
        self._buffer: Tensor | None = None
        self._source: Tensor | None = None

    def holding(self, source: Tensor) -> Tensor:
        """The buffer, with what the source holds; what it holds already is not copied again."""
        if self._buffer is None:
            self._buffer = torch.empty_like(source)
        if self._source is None or not _same(source, self._source):
            self._buffer.copy_(source)
            self._source = source  # kept, so that no other tensor gets its address
        return self._buffer


def _same(one: Tensor, other: Tensor) -> bool:
    return one is other or (one.data_ptr() == other.data_ptr() and one.stride() == other.stride())


def _layout(inputs: Any) -> Hashable:
    """What has to be equal for a recording to fit."""
    return tuple(None if one is None else (one.shape, one.dtype) for one in leaves(inputs))
