"""What references become: tokens of the context blocks, and frames that the main path attends to beside the chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..autoencoder import Autoencoder
from ..memory import KVRecorder, ReferenceKV, recorded
from ..transformer import CausalWan, Context, Prompt, References, Time
from .conditions import Conditions
from .references import EncodedReferences, Reference


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
    """Embeds references again where pictures, strengths, mode, or what "slot" is computed under have changed."""

    def __init__(self, autoencoder: Autoencoder) -> None:
        self._autoencoder = autoencoder
        self._encoded = EncodedReferences()
        self._embedded: tuple[tuple[Reference, ...], Tensor, References] | None = None
        self._slot: tuple[tuple[Conditions, tuple[float, ...]], ReferenceKV] | None = None

    def forget(self) -> None:
        """Embed everything again, because the transformer has changed; what the autoencoder made stays."""
        self._embedded = self._slot = None

    def __call__(
        self,
        transformer: CausalWan,
        conditions: Conditions,
        mode: str,
        prompt: Prompt,
        clean: Time,
        scales: Sequence[float],
    ) -> EmbeddedReferences:
        """prompt: that of the conditions, embedded. clean: timestep 0. scales: of the hints that "slot" gets."""
        given = conditions.references
        strengths = tuple(reference.strength for reference in given)
        if self._embedded is None or self._embedded[0] != given:
            latents = self._encoded.encode(self._autoencoder, given).to(transformer.dtype)
            self._embedded = (given, latents, transformer.embed_references(latents, strengths))
        _, latents, references = self._embedded
        if mode == "paper":
            return EmbeddedReferences(references, None)
        if mode == "joint":
            return EmbeddedReferences(references, ReferenceKV(strengths))
        under = (conditions, tuple(scales))
        if self._slot is None or self._slot[0] != under:
            kept = _keys_and_values(transformer, latents, references, prompt, clean, scales)
            self._slot = (under, ReferenceKV(strengths, kept))
        return EmbeddedReferences(references, self._slot[1])


def _keys_and_values(
    transformer: CausalWan,
    context: Tensor,
    references: References,
    prompt: Prompt,
    clean: Time,
    scales: Sequence[float],
) -> tuple[tuple[Tensor, Tensor], ...]:
    """Those of mode "slot": one pass over the clean references, which see themselves and their hints."""
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
