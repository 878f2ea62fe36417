"""What the engine needs of a model: streams of frames, and annotations of frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vace_core.annotators import Depth, Grey, Scribble
from vace_core.model import load as load_pipeline
from vace_core.stream import Chunk, Controls, Stream


def load(pipeline: str, device: str) -> Loaded:
    """Load one of vace_core's pipelines. Raises ValueError, in one line, for a device that this machine has not."""
    model = load_pipeline(pipeline, chosen_device(device))
    return Loaded(
        device=str(model.device),
        open_stream=lambda height, width: Stream(model, height, width),
        annotators={"depth": Depth(model.device), "scribble": Scribble(), "gray": Grey()},
    )


def chosen_device(name: str) -> str:
    """The device that `name` means, "auto" being the best there is; ValueError if it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    kind, _, index = name.partition(":")
    if not there.get(kind) or (kind == "cuda" and index and int(index) >= torch.cuda.device_count()):
        usable = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise ValueError(f"there is no device {name!r} on this machine; use --device auto, or one of {usable}")
    return name


class StreamLike(Protocol):
    """The part of `vace_core.stream.Stream` that the engine uses."""

    @property
    def frames_wanted(self) -> int: ...

    def step(self, controls: Controls) -> Chunk: ...

    def settle(self) -> None: ...

    def reset(self) -> None: ...


class Annotator(Protocol):
    """Turns frames `[1, 3, F, H, W]` in [-1, 1] into a control video of the same shape and range."""

    def __call__(self, frames: Tensor) -> Tensor: ...

    def reset(self) -> None:
        """Forget earlier frames, as after a cut."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A model on its device. open_stream(height, width) starts a stream; annotators go by the control they make."""

    device: str
    open_stream: Callable[[int, int], StreamLike]
    annotators: Mapping[str, Annotator]
