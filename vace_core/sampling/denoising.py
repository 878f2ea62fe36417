"""A chunk on its way from noise to clean latents, step after step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..conditioning import Conditions
from ..conditioning.reference_embedding import EmbeddedReferences, attach_references
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
    """A chunk's number, what it is made under, and how far it has come."""

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
    noise: torch.Generator
    clean: Tensor
    """The latest estimate of its clean latents [1, C, f, h, w]; at first what noise is added to."""
    embedded: EmbeddedReferences | None = None
    """The references that it attends to."""
    references: Tensor | None = None
    """Of mode "joint": the latest estimate of the references' own latents [1, C, n, h, w]."""
    reference_noise: torch.Generator | None = None
    """Its own, so that references do not change the chunk's noise."""
    pinned: Pinned | None = None
    """What is known of its clean latents."""
    hint_every: int = 1
    """Hints are computed in every so manyeth step and serve until the next."""
    steps: int = 0
    """How many it has been through."""

    @staticmethod
    def begin(
        number: int,
        mode: str,
        frames: range,
        conditions: Conditions,
        prompt: Prompt,
        context: Context | None,
        embedded: EmbeddedReferences | None,
        scales: tuple[tuple[float, ...], ...],
        schedule: Schedule,
        seed: int,
        clean: Tensor,
        pinned: Pinned | None,
        hint_every: int,
    ) -> DenoisingState:
        """A chunk before its first step. seed: of its noise."""
        if context is not None and embedded is not None:
            context = attach_references(context, embedded)
        generator = torch.Generator(device=clean.device)
        chunk = DenoisingState(
            number, mode, frames, conditions, prompt, context, scales, schedule, generator.manual_seed(seed), clean,
            embedded, pinned=pinned, hint_every=hint_every,
        )  # fmt: skip
        if embedded is not None and embedded.own_frames:
            chunk.references = clean.new_zeros((1, clean.shape[1], embedded.own_frames, *clean.shape[3:]))
            chunk.reference_noise = torch.Generator(device=clean.device).manual_seed(seed + REFERENCE_SEED)
        return chunk

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
        noisy = _with_noise(self.clean, self.noise, level)
        if self.references is None or self.reference_noise is None:
            return noisy
        # A reference is made from noise alone, also where the chunk starts from a video.
        level = self.schedule.sigmas[self.steps] if self.steps else 1.0
        return torch.cat((_with_noise(self.references, self.reference_noise, level), noisy), dim=2)

    def update(self, noisy: Tensor, flow: Tensor) -> None:
        """Go on by what the model made of it."""
        clean = clean_from_flow(noisy, flow, self.schedule.sigmas[self.steps])
        n = 0 if self.references is None else self.references.shape[2]
        if n:
            self.references = clean[:, :, :n]
        self.clean = clean[:, :, n:]
        if self.pinned is not None:
            self.clean = torch.where(self.pinned.where, self.pinned.latents, self.clean)
        self.steps += 1

    def clone(self) -> DenoisingState:
        beside = None if self.reference_noise is None else self.reference_noise.clone_state()
        return replace(self, noise=self.noise.clone_state(), reference_noise=beside)


def _with_noise(clean: Tensor, generator: torch.Generator, level: float) -> Tensor:
    fresh = torch.randn(clean.shape, generator=generator, device=clean.device)
    return add_noise(clean, fresh, level)
