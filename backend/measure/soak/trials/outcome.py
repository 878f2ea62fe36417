"""What a trial has to say at its end: figures, and a line for each thing that was lost."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..stage import Stage

MOST_MB = 250.0
"""Memory of the front, whatever is sent to it."""

GOES_ON = "; it goes on"
"""How the line ends that the log has of such a thread."""


@dataclass
class Outcome:
    """ticks, missed: of all shows of the trial. seconds: named samples of how long something took."""

    ticks: int = 0
    missed: int = 0
    restarts: int = 0
    threads_raised: int = 0
    """Faults of threads that went on: each is something that nobody had thought of."""
    raised: set[str] = field(default_factory=set)
    """What they were, without the times."""
    memory_mb: float = 0.0
    """Of the front alone, without what it shares with others."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def took(self, what: str, seconds: float | None, lost: str) -> None:
        """Add a sample; None is a loss."""
        if seconds is None:
            self.lost.append(lost)
        else:
            self.seconds.setdefault(what, []).append(seconds)

    def end(self, stage: Stage) -> None:
        """Take in the figures of a show that has ended, and whatever it left behind."""
        ended = stage.show.end()
        try:
            figures = ended.parsed()
        except RuntimeError as reason:
            self.lost.append(str(reason))
            figures = {"ticks": 0, "ticks_missed": 0, "restarts": 0}
        self.ticks += figures["ticks"]
        self.missed += figures["ticks_missed"]
        self.restarts += figures["restarts"]
        raised = [line for line in ended.log if line.endswith(GOES_ON)]
        self.threads_raised += len(raised)
        self.raised |= {line.partition(" ")[2].removesuffix(GOES_ON) for line in raised}
        self.memory_mb = max([self.memory_mb, *stage.watch.seen.memory_mb])
        self.lost += [f"left behind: {line}" for line in ended.left_behind]
        if not ended.obeyed:
            self.lost.append("the program did not end when it was told to")


def summary(trial: str, times: int, seed: int, outcome: Outcome) -> dict[str, Any]:
    """The figures of a row, JSON-ready; `lost` has a line for each thing that should not have been."""
    lost = list(outcome.lost)
    if outcome.missed:
        lost.append(f"{outcome.missed} of {outcome.ticks} ticks were missed")
    if outcome.memory_mb > MOST_MB:
        lost.append(f"the front took {outcome.memory_mb:.0f} MB, more than {MOST_MB:.0f}")
    return {
        "trial": trial,
        "times": times,
        "seed": seed,
        "ticks": outcome.ticks,
        "ticks_missed": outcome.missed,
        "restarts": outcome.restarts,
        "threads_raised": outcome.threads_raised,
        "raised": sorted(outcome.raised),
        "front_mb": round(outcome.memory_mb, 1),
        **_of_samples(outcome.seconds),
        "lost": lost,
    }


def _of_samples(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Median and worst of each."""
    return {
        f"{what}_s_{name}": round(of(samples), 2)
        for what, samples in seconds.items()
        for name, of in (("median", statistics.median), ("worst", max))
    }
