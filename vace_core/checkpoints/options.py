"""How a pipeline's published weights are loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

AUTOENCODERS = ("taew2_1", "wan", "lightvae", "lighttae")
TEXT_DEVICES = ("same", "cpu", "offload")
KINDS = ("none", "fp8", "int8")


@dataclass(frozen=True)
class Quantise:
    """The number format of the linear layers of each part: "none" (as loaded), "fp8" or "int8"."""

    main: str = "none"
    context: str = "none"
    text: str = "none"

    def __post_init__(self) -> None:
        for part in (self.main, self.context, self.text):
            _require("quantise", part, KINDS)


@dataclass(frozen=True)
class LoadOptions:
    """What the start of the program fixes about the weights. Raises ValueError for a choice that is none."""

    autoencoder: str = "taew2_1"
    """taew2_1 (quick), wan (as trained, slow), lightvae or lighttae."""
    loras: tuple[tuple[Path, float], ...] = ()
    """The user's own, live, each with its strength at the start."""
    quantise: Quantise = field(default_factory=Quantise)
    text_device: str = "offload"
    """Where prompts are encoded: "same" (the model's device, always there), "cpu", or "offload" (on the model's device,
    where each layer's weights are for as long as it is at work only)."""

    def __post_init__(self) -> None:
        _require("autoencoder", self.autoencoder, AUTOENCODERS)
        _require("text_device", self.text_device, TEXT_DEVICES)


def _require(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"{what} is {given!r}, expected one of {', '.join(known)}")
