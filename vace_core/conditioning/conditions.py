"""What a chunk is generated under, apart from its own frames."""

from __future__ import annotations

from dataclasses import dataclass

from ..text import Blend
from .references import Reference


@dataclass(frozen=True)
class Conditions:
    """Chunks of equal conditions share what is embedded of them, and may share a pass of a stream batch."""

    prompt: Blend = ()
    """Empty before a stream's first chunk."""
    prompt_way: str = "linear"
    loras: tuple[float, ...] = ()
    """The strength of each of the model's live LoRAs."""
    references: tuple[Reference, ...] = ()
    """Those that are attended to: none where the context blocks do not run."""
