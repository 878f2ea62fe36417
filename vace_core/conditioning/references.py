"""References: pictures whose look or subject is taken up for as long as they are given, each encoded once and alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..autoencoder import Autoencoder
from .context import encode_reference
from .scale import MAX_SCALE

REFERENCE_MODES = ("paper", "slot", "joint")
"""Where references are attended to. "paper": in the context blocks alone (paper, section 3.2). "slot": in the main path
too, as keys and values computed once. "joint": in the main path too, as noisy frames of their own in every pass, as in
batch VACE."""


@dataclass(frozen=True, eq=False)
class Reference:
    """picture [3, H, W] in [-1, 1]; references are equal where it is the same tensor and the strength is the same.

    strength: what attention to it is multiplied by before it is normalised, 0 (not seen) to 2.
    """

    picture: Tensor
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= MAX_SCALE:
            raise ValueError(f"a reference's strength must be 0 to {MAX_SCALE:g}, got {self.strength}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self.picture is other.picture and self.strength == other.strength

    def __hash__(self) -> int:
        return hash((id(self.picture), self.strength))


class EncodedReferences:
    """The contexts of the references of the current chunk. What the last chunk had is not encoded again."""

    def __init__(self) -> None:
        self._known: list[tuple[Tensor, Tensor]] = []

    def encode(self, autoencoder: Autoencoder, references: Sequence[Reference]) -> Tensor:
        """[1, 96, n, H/8, W/8] of n references, n at least 1."""
        self._known = [(reference.picture, self._find(reference.picture, autoencoder)) for reference in references]
        return torch.cat([latents for _, latents in self._known], dim=2)

    def _find(self, picture: Tensor, autoencoder: Autoencoder) -> Tensor:
        known = next((latents for encoded, latents in self._known if encoded is picture), None)
        return encode_reference(autoencoder, picture) if known is None else known
