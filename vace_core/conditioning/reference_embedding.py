"""What the references of a stream become: embedded for the context blocks, and beside the chunk in the main path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..memory import KVRecorder, ReferenceKV, recorded
from ..model import Model
from ..transformer import Context, Prompt, References, Time
from . import EncodedReferences, Reference


@dataclass(frozen=True)
class EmbeddedReferences:
    """References as a chunk attends to them. `kv` is None in mode "paper"."""

    references: References
    kv: ReferenceKV | None

    @property
    def own_frames(self) -> int:
        """Reference frames that run through every pass with the chunk: those of mode "joint"."""
        return 0 if self.kv is None or self.kv.kept is not None else self.kv.frames


class ReferenceEmbedder:
    """Makes `EmbeddedReferences` anew where pictures, strengths, mode, or what "slot" is computed under have
    changed."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._encoded = EncodedReferences()
        self._pictures: tuple[tuple[Reference, ...], int] = ((), 0)
        self._references: References | None = None
        self._latents: Tensor | None = None
        self._slot: tuple[object, ReferenceKV | None] = (None, None)

    def __call__(
        self,
        given: Sequence[Reference],
        mode: str,
        prompt: Prompt,
        clean: Time,
        scales: Sequence[float],
        adaptation: int,
    ) -> EmbeddedReferences | None:
        """clean: timestep 0. scales: of the hints that a reference of mode "slot" gets. adaptation: of live LoRAs."""
        if not given:
            return None
        references, latents = self._embed(tuple(given), adaptation)
        strengths = tuple(reference.strength for reference in given)
        if mode == "paper":
            return EmbeddedReferences(references, None)
        if mode == "joint":
            return EmbeddedReferences(references, ReferenceKV(strengths))
        under = (references, prompt, tuple(scales))
        if not _same(self._slot[0], under):
            kept = self._compute(latents, references, prompt, clean, scales)
            self._slot = (under, ReferenceKV(strengths, kept))
        return EmbeddedReferences(references, self._slot[1])

    def _embed(self, given: tuple[Reference, ...], adaptation: int) -> tuple[References, Tensor]:
        known, adapted = self._pictures
        same = len(known) == len(given) and all(
            a.picture is b.picture and a.strength == b.strength for a, b in zip(known, given, strict=True)
        )
        if not same or adapted != adaptation or self._references is None or self._latents is None:
            self._latents = self._encoded.encode(self._model.autoencoder, given).to(self._model.dtype)
            strengths = [reference.strength for reference in given]
            self._references = self._model.transformer.embed_references(self._latents, strengths)
            self._pictures = (given, adaptation)
        return self._references, self._latents

    def _compute(
        self, context: Tensor, references: References, prompt: Prompt, clean: Time, scales: Sequence[float]
    ) -> tuple[tuple[Tensor, Tensor], ...]:
        """Keys and values of mode "slot": one pass over the clean references, which see themselves and their hints."""
        transformer = self._model.transformer
        latents = context[:, : transformer.architecture.latent_channels]
        turn = transformer.rotation(range(latents.shape[2]), latents)
        layers = [KVRecorder(turn, references.weight) for _ in transformer.blocks]
        alone = Context(references.tokens, None, references.weight)
        transformer(latents, clean, prompt, alone, scales, memory=layers, turn=turn)
        return recorded(layers)


def attach_references(context: Context, embedded: EmbeddedReferences) -> Context:
    """A chunk's context with its references: as tokens beside its own, or as its own first frames."""
    if not embedded.own_frames:
        return Context(context.tokens, embedded.references)
    return context.behind(embedded.references)


def _same(a: object, b: tuple[object, ...]) -> bool:
    return isinstance(a, tuple) and a[0] is b[0] and a[1] is b[1] and a[2] == b[2]
