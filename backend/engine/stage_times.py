"""How long each stage of a chunk takes."""

from __future__ import annotations

import time

import torch

from .messages import Stage


class StageTimes:
    """Times the stages of one chunk, one after the other: on a graphics card by its own clock, without waiting."""

    def __init__(self, device: torch.device | str) -> None:
        self._on_card = torch.device(device).type == "cuda"
        self._ends: dict[Stage, float | torch.cuda.Event] = {}
        self._began = self._now()

    def end(self, stage: Stage) -> None:
        """A stage is over, or on a graphics card queued; only the first time counts."""
        if stage not in self._ends:
            self._ends[stage] = self._now()

    def seconds(self) -> dict[Stage, float]:
        """Seconds of the stages that are over, in their order. On a graphics card all that was queued must be done."""
        before, taken = self._began, dict[Stage, float]()
        for stage, end in self._ends.items():
            taken[stage], before = _between(before, end), end
        return taken

    def _now(self) -> float | torch.cuda.Event:
        if not self._on_card:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event


def _between(before: float | torch.cuda.Event, after: float | torch.cuda.Event) -> float:
    if isinstance(before, float) and isinstance(after, float):
        return after - before
    assert isinstance(before, torch.cuda.Event)
    assert isinstance(after, torch.cuda.Event)
    return before.elapsed_time(after) / 1000
