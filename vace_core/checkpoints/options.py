"""How a pipeline's published weights are loaded: what the start of the program fixes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .catalogue import AUTOENCODERS, TEXT_ENCODERS

TEXT_DEVICES = ("same", "cpu", "offload")
KINDS = ("none", "fp8", "int8")
COMPILE = ("auto", "on", "off")
ATTENTION = (
    "auto",
    "sdpa",
    "cudnn",
    "flash",
    "efficient",
    "flash2",
    "flash3",
    "flash4",
    "sage1",
    "sage2",
    "sage3",
    "math",
)
"""The quickest that is right, or a row of `transformer.attention_backends.TABLE`, which needs torch to be read."""
GRAPHS = ("auto", "on", "off")
PRECISION = ("auto", "float32", "bfloat16")


@dataclass(frozen=True)
class Quantise:
    """The number format of the linear layers of each part: "none" (as loaded), "fp8" or "int8".

    main: the transformer's main blocks, context: its context blocks, text: the text encoder.
    """

    main: str = "none"
    context: str = "none"
    text: str = "none"

    def __post_init__(self) -> None:
        for part in (self.main, self.context, self.text):
            _require("quantise", part, KINDS)


@dataclass(frozen=True)
class LoadOptions:
    """Raises ValueError for a choice that there is not."""

    autoencoder: str = "taew2_1"
    """taew2_1 (quick), wan (as Wan was trained, slow), lightvae or lighttae."""
    text: str = "umt5"
    """Which file of the text encoder, by its name in the catalogue; another one that is there does as well."""
    loras: tuple[Path, ...] = ()
    """The user's own, live: `controls.Controls.loras` are their strengths."""
    merged: tuple[tuple[Path, float], ...] = ()
    """The user's own that are added to the weights, in this order, each at a strength that stays as it is."""
    quantise: Quantise = field(default_factory=Quantise)
    text_device: str = "offload"
    """Where prompts are encoded: "same" (on the model's device, and always there), "cpu", or "offload" (on the model's
    device, where each layer's weights are only while it is at work)."""
    graphs: str = "auto"
    """Whether network calls are recorded as CUDA graphs and replayed: "auto" (on an NVIDIA GPU), "on" or "off"."""

    attention: str = "auto"
    """Which attention kernel: "auto" chooses by trial for each stream; another must be right when it is tried."""

    compile: str = "auto"
    """Whether regions of the network are compiled: "auto" (on an NVIDIA GPU, where Triton is), "on" or "off"."""

    precision: str = "auto"
    """Of the pocket model on a processor, what its layers multiply in: "auto" (bfloat16 where the processor has it),
    "float32" or "bfloat16". Published pipelines have the number format that they were published in."""

    def __post_init__(self) -> None:
        _require("precision", self.precision, PRECISION)
        _require("compile", self.compile, COMPILE)
        _require("attention", self.attention, ATTENTION)
        _require("graphs", self.graphs, GRAPHS)
        _require("autoencoder", self.autoencoder, AUTOENCODERS)
        _require("text", self.text, TEXT_ENCODERS)
        _require("text_device", self.text_device, TEXT_DEVICES)


def _require(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"{what} is {given!r}, expected one of {', '.join(known)}")
