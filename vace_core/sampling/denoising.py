"""A chunk on its way from noise to clean latents, step after step."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..conditioning import Conditions
from ..conditioning.reference_embedding import EmbeddedReferences
from ..transformer import Context, Prompt
from .schedule import Schedule, add_noise, clean_from_flow

REFERENCE_SEED = 1 << 32
"""How far the seeds of references' noise are from those of chunks."""


@dataclass(frozen=True)
class Pinned:
    """Latents [1, C, f, h, w] that a chunk has `where` [1, 1, f, h, w] says so, whatever the model makes there."""

    latents: Tensor
    where: Tensor


@dataclass
class DenoisingState:
    """A chunk's number, what it is generated under, and how far it has come."""

    number: int
    mode: str
    frames: range
    """Its latent frames in time."""
    conditions: Conditions
    prompt: Prompt
    """That of the conditions, embedded when the chunk began."""
    context: Context | None
    scales: tuple[tuple[float, ...], ...]
    """In each step, the context scale of each context block."""
    schedule: Schedule
    seed: int
    """Of its noise, which is drawn for all steps when it begins."""
    clean: Tensor
    """The latest estimate of its clean latents [1, C, f, h, w]; at first what noise is added to."""
    embedded: EmbeddedReferences | None = None
    """The references that it attends to."""
    pinned: Pinned | None = None
    """What is known of its clean latents."""
    hint_every: int = 1
    """Hints are computed in every so manyeth step and serve until the next."""
    steps: int = 0
    """How many it has been through."""

    noise: tuple[Tensor, ...] = field(init=False, repr=False)
    """Of each step, as large as `clean`."""
    references: Tensor | None = field(init=False, default=None)
    """Of mode "joint": the latest estimate of the references' own latents [1, C, n, h, w]."""
    reference_noise: tuple[Tensor, ...] = field(init=False, repr=False, default=())
    """Their own, so that references do not change the chunk's noise."""

    def __post_init__(self) -> None:
        n = 0 if self.embedded is None else self.embedded.own_frames
        self.noise = self._drawn(self.clean, self.seed)
        if n:
            self.references = self.clean.new_zeros((1, self.clean.shape[1], n, *self.clean.shape[3:]))
            self.reference_noise = self._drawn(self.references, self.seed + REFERENCE_SEED)

    @property
    def timestep(self) -> float:
        return self.schedule.timesteps[self.steps]

    @property
    def done(self) -> bool:
        return self.steps == len(self.schedule.timesteps)

    @property
    def scale(self) -> tuple[float, ...]:
        """The context scales of the next step."""
        return self.scales[self.steps]

    def add_noise(self) -> Tensor:
        """Its latents with the next step's noise, each step's its own; references of its own come first."""
        level = self.schedule.sigmas[self.steps] if self.steps else self.schedule.start
        noisy = add_noise(self.clean, self.noise[self.steps], level)
        if self.references is None:
            return noisy
        # A reference starts from noise alone, also where the chunk starts from a video.
        level = self.schedule.sigmas[self.steps] if self.steps else 1.0
        return torch.cat((add_noise(self.references, self.reference_noise[self.steps], level), noisy), dim=2)

    def update(self, noisy: Tensor, flow: Tensor) -> None:
        """Go on by the flow that the model predicted for these noisy latents."""
        clean = clean_from_flow(noisy, flow, self.schedule.sigmas[self.steps])
        n = 0 if self.references is None else self.references.shape[2]
        if n:
            self.references = clean[:, :, :n]
        self.clean = clean[:, :, n:]
        if self.pinned is not None:
            self.clean = torch.where(self.pinned.where, self.pinned.latents, self.clean)
        self.steps += 1

    def clone(self) -> DenoisingState:
        """Another one that goes on from here. No tensor is ever written to, so they share them."""
        return copy.copy(self)

    def _drawn(self, like: Tensor, seed: int) -> tuple[Tensor, ...]:
        """Noise for each step, one after the other from one seed."""
        generator = torch.Generator(device=like.device).manual_seed(seed)
        steps = range(len(self.schedule.timesteps))
        return tuple(torch.randn(like.shape, generator=generator, device=like.device) for _ in steps)
