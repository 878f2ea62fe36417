"""Flow matching with few steps: which timesteps are run, and the noise level of each.

The table: sigma = linspace(1, 0, 1001)[:-1], shifted by s sigma / (1 + (s - 1) sigma); timestep = 1000 sigma. A
timestep's noise level is that of the nearest entry, so the level at timestep 0 is the table's last, not 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

ENTRIES = 1000
LEAST_FALL = 1.0
"""A step that is nearer than this to the first of a video's chunk is left out: it would do the same work once more,
from as much noise, freshly drawn, at the cost of a forward."""


@dataclass(frozen=True)
class Schedule:
    """Timesteps handed to the model, in order, and the noise level sigma (0..1) of each."""

    timesteps: tuple[float, ...]
    sigmas: tuple[float, ...]
    start: float
    """How much noise the first step's latents are given; the model may be told of less."""


class Table:
    """The 1000 noise levels of a `shift`."""

    def __init__(self, shift: float) -> None:
        raw = torch.linspace(1.0, 0.0, ENTRIES + 1)[:-1]
        self.sigmas = shift * raw / (1 + (shift - 1) * raw)
        self.timesteps = self.sigmas * ENTRIES

    def sigma(self, timestep: float) -> float:
        """Noise level of the entry nearest to a timestep."""
        return self.sigmas[(self.timesteps - timestep).abs().argmin()].item()

    def warp(self, nominal: int) -> float:
        """The table's timestep at a nominal one: with shift 5, 750 becomes 937.5."""
        return self.timesteps[ENTRIES - nominal].item() if nominal else 0.0

    def schedule(self, steps: Sequence[int], warp: bool) -> Schedule:
        """The few steps of a pipeline. Raises ValueError unless 1000 >= step_1 > step_2 > ... >= 0."""
        if (
            not steps
            or steps[0] > ENTRIES
            or steps[-1] < 0
            or any(a <= b for a, b in zip(steps, steps[1:], strict=False))
        ):
            raise ValueError(f"steps must fall from at most {ENTRIES} to at least 0, got {list(steps)}")
        return self._schedule([self.warp(step) if warp else float(step) for step in steps])

    def from_video(self, noise: float, steps: Sequence[int], warp: bool, understated: float = 0.0) -> Schedule:
        """The steps of a chunk that starts from a video with `noise` (0..1) added: that one, and those below it.

        understated: how much less noise the model is told of, 0..1 (half of it at most).
        """
        told = _told(noise, understated)
        below = [t for t in self.schedule(steps, warp).timesteps if t <= told - LEAST_FALL]
        return replace(self._schedule([told, *below]), start=noise)

    def squeezed(self, noise: float, steps: Sequence[int], warp: bool, understated: float = 0.0) -> Schedule:
        """As many steps as there are, from `noise` (0..1) down, their distances in proportion.

        A stream batch has to have them all, as its rows are its steps.
        """
        timesteps = self.schedule(steps, warp).timesteps
        told = ENTRIES if noise == 1.0 else _told(noise, understated)
        return replace(self._schedule([t * told / timesteps[0] for t in timesteps]), start=noise)

    def _schedule(self, timesteps: Sequence[float]) -> Schedule:
        sigmas = tuple(self.sigma(timestep) for timestep in timesteps)
        return Schedule(tuple(timesteps), sigmas, sigmas[0])


def _told(noise: float, understated: float) -> float:
    """The timestep that the model is told for a video with `noise` added."""
    return ENTRIES * max(noise - understated, noise / 2)


def clean_from_flow(noisy: Tensor, flow: Tensor, sigma: float) -> Tensor:
    """x0 = x_t - sigma * flow, where the model predicts flow = noise - x0."""
    return torch.add(noisy, flow, alpha=-sigma)


def add_noise(clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """x_t = (1 - sigma) x0 + sigma * noise."""
    return torch.lerp(clean, noise, sigma)
