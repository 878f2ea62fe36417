"""A chunk on its way from noise to picture, step after step; several at once are StreamDiffusion V2's stream batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import torch
from torch import Tensor

from ..conditioning.reference_embedding import EmbeddedReferences
from ..transformer import Context, Prompt, References
from . import Schedule, add_noise, clean_from_flow


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
    prompt: Prompt
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
    steps: int = 0
    """How many it has been through."""

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


def group_compatible(denoising: Sequence[DenoisingState]) -> Iterator[list[DenoisingState]]:
    """Runs of neighbours that one forward can take: as large as each other, under the same prompt and scale."""

    def what(chunk: DenoisingState) -> tuple[object, ...]:
        context = chunk.context
        tokens = None if context is None else context.tokens.shape
        references = None if context is None else id(context.references)
        return (len(chunk.frames), tokens, references, id(chunk.prompt), chunk.scale)

    return (list(run) for _, run in groupby(denoising, what))


def collate(denoising: Sequence[DenoisingState]) -> tuple[Prompt, Context | None]:
    """What a run of compatible chunks is made under, a row each."""
    rows = len(denoising)

    def spread(layers: tuple[tuple[Tensor, Tensor], ...]) -> tuple[tuple[Tensor, Tensor], ...]:
        return tuple((keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1)) for keys, values in layers)

    prompt = Prompt(spread(denoising[0].prompt.main), spread(denoising[0].prompt.context))
    contexts = [chunk.context for chunk in denoising if chunk.context is not None]
    if not contexts:
        return prompt, None
    tokens = torch.cat([context.tokens for context in contexts])
    return prompt, Context(tokens, _all(contexts))


def _all(contexts: Sequence[Context]) -> References | None:
    """The references of several rows; those of compatible chunks are equally many and equally strong."""
    rows = [context.references for context in contexts if context.references is not None]
    if not rows:
        return None
    tokens, clean = torch.cat([row.tokens for row in rows]), torch.cat([row.clean for row in rows])
    return References(tokens, clean, rows[0].weight)
