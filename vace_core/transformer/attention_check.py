"""Which attention kernel a stream runs: the quickest of those that are right on its device, tried when it begins.

Each candidate attends at the stream's own shapes and strides. On CUDA it does so as it is called, and once more out of
a captured graph whose inputs have changed since: some kernels are launched outside of what is captured, and a graph of
theirs repeats what it saw first. What is right is timed out of the graph. On the CPU the first that is right is taken,
on less of everything, so that a start is quick and always the same.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ..config import Pipeline
from .attention_backends import TABLE, AttentionBackend, Call, Facts, backend_named
from .attention_cases import Case, Inputs, cases_of, inputs_of, relative_error
from .kernels import OWN, Kernels
from .laboratory import Laboratory, captured, cuda_milliseconds, on

log = logging.getLogger(__name__)

LESS_HEADS, LESS_QUERIES, LESS_KEYS = 1, 16, 1024
"""The most that are tried on the CPU."""


@dataclass(frozen=True)
class Trial:
    """What became of one row of the table, without or with a bias.

    error: the largest of any row of its results, relative to that row. milliseconds: of all of a chunk's calls.
    refused: why it cannot be taken, "" if it is right. tried: whether that was found by trying.
    """

    backend: str
    biased: bool
    error: float | None = None
    milliseconds: float | None = None
    refused: str = ""
    tried: bool = True

    def sentence(self) -> str:
        """For a log, and for `doctor`."""
        name = f"{self.backend} with a bias" if self.biased else self.backend
        if self.refused:
            return f"{name} is not taken: {self.refused}"
        time = "" if self.milliseconds is None else f" and takes {self.milliseconds:.1f} ms of a chunk"
        return f"{name} is right to {self.error or 0:.2g}{time}"


@dataclass(frozen=True)
class AttentionChoice:
    """The rows of the table that run, without and with a bias, and what was found out on the way."""

    plain: str = OWN.plain
    biased: str = OWN.biased
    trials: tuple[Trial, ...] = ()

    @property
    def kernels(self) -> Kernels:
        """As `kernels.attend` is told of them."""
        return Kernels(self.plain, self.biased)

    def words(self) -> str:
        """Such as "flash, and cudnn with a bias"."""
        return self.plain if self.plain == self.biased else f"{self.plain}, and {self.biased} with a bias"


def choose_attention(
    pipeline: Pipeline,
    per_frame: int,
    device: torch.device,
    dtype: torch.dtype,
    wanted: str = "auto",
    heads: int | None = None,
) -> AttentionChoice:
    """Only CUDA and the CPU have a choice; what is asked for again is not tried again.

    per_frame: tokens of a latent frame. wanted: "auto", or the name of a row, which must then be right; one that takes
    no bias leaves biased attention to another. heads: of several ranks those of this one; None for all of the pipeline.
    Raises ValueError, which says why not and what there is instead.
    """
    return _choice(pipeline, per_frame, device, dtype, wanted, heads or pipeline.architecture.heads)


@functools.lru_cache(maxsize=16)
def _choice(
    pipeline: Pipeline, per_frame: int, device: torch.device, dtype: torch.dtype, wanted: str, heads: int
) -> AttentionChoice:
    if wanted != "auto":
        backend_named(wanted)
    if device.type not in ("cuda", "cpu"):
        if wanted not in ("auto", OWN.plain):
            raise ValueError(f"attention {wanted!r} was asked for, but on {device.type} there is {OWN.plain} only")
        return AttentionChoice()
    head, cases = pipeline.architecture.head_dim, cases_of(pipeline, per_frame)
    laboratory = Laboratory(captured, cuda_milliseconds)
    if device.type == "cpu":
        heads, laboratory = min(heads, LESS_HEADS), Laboratory()
        cases = tuple(case.at_most(LESS_QUERIES, LESS_KEYS) for case in cases)
    with on(device):
        choice = Judge(Facts.of(device), device, dtype, heads, head, laboratory).choose(cases, wanted)
    log.info("attention on %s: %s", device, choice.words())
    for trial in choice.trials:
        log.log(logging.INFO if trial.tried else logging.DEBUG, "attention: %s", trial.sentence())
    return choice


@dataclass(frozen=True)
class Judge:
    """Tries the rows of a table on a device, at heads of a size and in a number format."""

    facts: Facts
    device: torch.device
    dtype: torch.dtype
    heads: int
    head: int
    laboratory: Laboratory
    table: Sequence[AttentionBackend] = TABLE

    def choose(self, cases: Sequence[Case], wanted: str = "auto") -> AttentionChoice:
        """See `choose_attention`."""
        plain, biased = (
            self._best([c for c in cases if c.biased == biased], biased, wanted) for biased in (False, True)
        )
        return AttentionChoice(plain[0], biased[0], (*plain[1], *biased[1]))

    def _best(self, cases: Sequence[Case], biased: bool, wanted: str) -> tuple[str, list[Trial]]:
        """The name of the quickest right row, and all trials."""
        named = [row for row in self.table if row.name == wanted and (row.bias or not biased)]
        trials = self._tried(named or self.table, cases, biased, wanted)
        right = [trial for trial in trials if not trial.refused]
        if not right and named:
            others = self._tried([row for row in self.table if row not in named], cases, biased, "auto")
            instead = ["auto", *(trial.backend for trial in others if not trial.refused)]
            raise ValueError(
                f"attention {wanted!r} was asked for, but {trials[0].refused}; choose one of {', '.join(instead)}"
            )
        if not right:
            raise ValueError(f"no attention is right here: {'; '.join(trial.sentence() for trial in trials)}")
        return min(right, key=lambda trial: trial.milliseconds or 0.0).backend, trials

    def _tried(self, rows: Sequence[AttentionBackend], cases: Sequence[Case], biased: bool, wanted: str) -> list[Trial]:
        calls: dict[str, Call] = {}
        trials = [self._trial(row, cases, biased, wanted, calls) for row in rows]
        times = self._times(cases, calls)
        return [replace(trial, milliseconds=times.get(trial.backend)) for trial in trials]

    def _trial(
        self, row: AttentionBackend, cases: Sequence[Case], biased: bool, wanted: str, calls: dict[str, Call]
    ) -> Trial:
        """Of one row; its call joins `calls` if it is right."""
        why = row.why_not(self.facts, self.dtype, self.head, biased)
        if why is None and row.by_name_only and wanted != row.name:
            why = "it is taken by name only"
        if why is None and calls and self.laboratory.time is None:
            why = f"{next(iter(calls))} comes first"
        if why is not None:
            return Trial(row.name, biased, refused=why, tried=False)
        log.debug("attention: %s is tried", row.name)  # so that a log tells what a process died of
        try:
            call = row.call()
            errors = [self._error(call, case, row.error) for case in cases]
        except torch.OutOfMemoryError:
            raise
        except Wrong as wrong:
            return Trial(row.name, biased, refused=str(wrong))
        except Exception as reason:  # noqa: BLE001 - whatever a package or a driver raises, another row runs
            return Trial(row.name, biased, refused=f"it fails ({_first_line(reason)})")
        calls[row.name] = call
        return Trial(row.name, biased, max(errors))

    def _error(self, call: Call, case: Case, limit: float) -> float:
        """The larger of its errors as it is called and as it is replayed; Wrong where one is beyond the limit."""
        inputs = self._inputs(case, 0)
        given = [tensor for tensor in inputs if tensor is not None]
        before = [tensor.clone() for tensor in given]
        error = relative_error(call(*inputs), inputs)
        if not all(map(torch.equal, before, given)):
            raise Wrong(f"it changes what it is given, {case.words}")
        if not error < limit:
            raise Wrong(f"it is off by {error:.2g}, {case.words}")
        if self.laboratory.record is None:
            return error
        replay = self.laboratory.record(functools.partial(call, *inputs))
        for tensor, other in zip(inputs, self._inputs(case, 1), strict=True):
            if tensor is not None and other is not None:
                tensor.copy_(other)
        replayed = relative_error(replay(), inputs)
        if not replayed < limit:
            raise Wrong(f"out of a captured graph it is off by {replayed:.2g}, {case.words}")
        return max(error, replayed)

    def _times(self, cases: Sequence[Case], calls: dict[str, Call]) -> dict[str, float]:
        """Milliseconds of a chunk's calls by each, out of a graph if there is one; none where there is no choice."""
        total: dict[str, float] = {}
        if self.laboratory.time is None or len(calls) < 2:
            return total
        for case in cases:
            inputs = self._inputs(case, 0)
            runs = [functools.partial(call, *inputs) for call in calls.values()]
            if self.laboratory.record is not None:
                runs = [self.laboratory.record(run) for run in runs]
            for name, each in zip(calls, self.laboratory.time(runs), strict=True):
                total[name] = total.get(name, 0.0) + case.calls * each
        return total

    def _inputs(self, case: Case, seed: int) -> Inputs:
        return inputs_of(case, self.heads, self.head, self.device, self.dtype, seed)


class Wrong(Exception):
    """A kernel's result, or what it did to its inputs."""


def _first_line(reason: Exception) -> str:
    return (str(reason).splitlines() or [""])[0].rstrip(".") or type(reason).__name__
