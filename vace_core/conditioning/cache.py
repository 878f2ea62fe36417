"""What the transformer makes of prompts, timesteps, contexts and references, kept while they are the same.

All of it is derived: it can be dropped at any time, and is made again from what a chunk is given. So it is no part of a
stream's state, and it never touches the memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from ..model import Model
from ..text import Prompts
from ..transformer import Context, Prompt, Time
from ..transformer.kernels import OWN, Kernels
from .conditions import Conditions
from .reference_embedding import EmbeddedReferences, ReferenceEmbedder

TIMES_KEPT = 16
"""Embedded timesteps, about 1 MB each in a 1.3B model, 3 MB in a 14B one. A pipeline has a handful; a noise strength
that is played by hand has many."""


class ConditioningCache:
    """One stream's. `adapt` it to the strengths of the stream's live LoRAs before it is used."""

    def __init__(self, model: Model, kernels: Kernels = OWN) -> None:
        """kernels: what the stream's attention runs on."""
        self._model = model
        self.transformer = model.transformer.running_on(kernels)
        """The model's, with the live LoRAs at their strengths; what is kept here was made by it."""
        self._adapted = None if model.loras is None else model.loras.on(self.transformer).adapted()
        self._strengths: tuple[float, ...] = ()
        self._times: OrderedDict[float, Time] = OrderedDict()
        self._scales: tuple[tuple[tuple[float, ...], ...], Tensor] | None = None
        self._prompts = Prompts(model.embeddings, self._embed_prompt)
        self._context: tuple[Tensor | None, Context | None] = (None, None)
        self._references = ReferenceEmbedder(model.autoencoder)

    def adapt(self, strengths: tuple[float, ...]) -> None:
        """Work with these strengths of the live LoRAs from here on; what was made with others is forgotten."""
        if self._adapted is None or strengths == self._strengths:
            return
        self._strengths = strengths
        self.transformer = self._adapted.at(strengths)
        self.invalidate()

    def invalidate(self) -> None:
        """Forget everything that the transformer has made."""
        self._times.clear()
        self._prompts.forget()
        self._context = (None, None)
        self._references.forget()

    def time(self, timestep: float) -> Time:
        """A timestep of 0 to 1000 that all latent frames share."""
        if timestep not in self._times:
            self._times[timestep] = self.transformer.embed_time(torch.tensor([[timestep]], device=self._model.device))
        self._times.move_to_end(timestep)
        if len(self._times) > TIMES_KEPT:
            self._times.popitem(last=False)
        return self._times[timestep]

    def scales(self, scales: tuple[tuple[float, ...], ...]) -> Tensor:
        """The context scale of each step and context block, float32 [steps, L]; the last ones are kept."""
        if self._scales is None or self._scales[0] != scales:
            self._scales = (scales, torch.tensor(scales, device=self._model.device))
        return self._scales[1]

    def prompt(self, conditions: Conditions) -> Prompt:
        """Keys and values of the prompt, or of the blend."""
        return self._prompts(conditions.prompt, conditions.prompt_way)

    def context(self, latents: Tensor) -> Context:
        """A chunk's context [1, 96, f, h, w], patch-embedded; known again by being the same tensor."""
        if latents is not self._context[0]:
            self._context = (latents, self.transformer.embed_context(latents.to(self._model.dtype)))
        context = self._context[1]
        assert context is not None
        return context

    def references(self, conditions: Conditions, mode: str, scales: Sequence[float]) -> EmbeddedReferences | None:
        """The references as a chunk attends to them; None where there are none.

        mode: one of `conditioning.REFERENCE_MODES`. scales: of each context block's hint, in mode "slot".
        """
        if not conditions.references:
            return None
        return self._references(self.transformer, conditions, mode, self.prompt(conditions), self.time(0.0), scales)

    def _embed_prompt(self, text: Tensor) -> Prompt:
        return self.transformer.embed_prompt(text.to(self._model.dtype))
