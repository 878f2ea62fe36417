"""A chunk on its way from noise to picture, step after step; several at once are StreamDiffusion V2's stream batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import torch
from torch import Tensor

from .sampling import Schedule, add_noise, clean_from_flow
from .transformer import Context, Prompt


@dataclass
class Flight:
    """A chunk's number, what it is made under, and how far it has come."""

    number: int
    mode: str
    frames: range
    """Its latent frames in time."""
    prompt: Prompt
    context: Context | None
    scale: float
    schedule: Schedule
    noise: torch.Generator
    clean: Tensor
    """The latest estimate of its clean latents [1, C, f, h, w]; at first what noise is added to."""
    steps: int = 0
    """How many it has been through."""

    @property
    def timestep(self) -> float:
        return self.schedule.timesteps[self.steps]

    @property
    def arrived(self) -> bool:
        return self.steps == len(self.schedule.timesteps)

    def noisy(self) -> Tensor:
        """Its latents with the next step's noise, each step's its own."""
        level = self.schedule.sigmas[self.steps] if self.steps else self.schedule.start
        fresh = torch.randn(self.clean.shape, generator=self.noise, device=self.clean.device)
        return add_noise(self.clean, fresh, level)

    def take(self, noisy: Tensor, flow: Tensor) -> None:
        """Go on by what the model made of it."""
        self.clean = clean_from_flow(noisy, flow, self.schedule.sigmas[self.steps])
        self.steps += 1

    def clone(self) -> Flight:
        return replace(self, noise=self.noise.clone_state())


def alike(flights: Sequence[Flight]) -> Iterator[list[Flight]]:
    """Runs of neighbours that one forward can take: as large as each other, under the same prompt and scale."""

    def what(flight: Flight) -> tuple[object, ...]:
        context = flight.context
        tokens = None if context is None else context.tokens.shape
        return (len(flight.frames), tokens, id(flight.prompt), flight.scale)

    return (list(run) for _, run in groupby(flights, what))


def together(flights: Sequence[Flight]) -> tuple[Prompt, Context | None]:
    """What a run of `alike` flights is made under, a row each."""
    rows = len(flights)

    def spread(layers: tuple[tuple[Tensor, Tensor], ...]) -> tuple[tuple[Tensor, Tensor], ...]:
        return tuple((keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1)) for keys, values in layers)

    prompt = Prompt(spread(flights[0].prompt.main), spread(flights[0].prompt.context))
    contexts = [flight.context for flight in flights if flight.context is not None]
    if not contexts:
        return prompt, None
    references = [context.references for context in contexts if context.references is not None]
    tokens = torch.cat([context.tokens for context in contexts])
    return prompt, Context(tokens, torch.cat(references) if references else None)
