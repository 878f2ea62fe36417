"""Shows: what a model is asked for from the beginning of a stream to its end, and the pictures that it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.pixels import pixels, video
from vace_core.conditioning import Reference
from vace_core.config import Pipeline
from vace_core.constants import FRAMES_PER_LATENT
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from ...engine.tensors import to_still
from .clips import there_and_back


@dataclass(frozen=True)
class Request:
    """Pictures are uint8, control and source [F, H, W, 3], references [H, W, 3] each; mask [F, H, W] float32.

    Where a show is longer than they are, they are played there and back.
    """

    prompt: str = ""
    control: np.ndarray | None = None
    source: np.ndarray | None = None
    mask: np.ndarray | None = None
    pin: bool = False
    references: tuple[np.ndarray, ...] = ()
    reference_mode: str = Controls.reference_mode
    scale: float = 1.0


def frames_of(pipeline: Pipeline, chunks: int) -> int:
    """Frames in the first so many chunks of a stream, whose first latent stands for one frame only."""
    return FRAMES_PER_LATENT * (sum(map(pipeline.chunk_frames, range(chunks))) - 1) + 1


def show(model: Model, ask: Request, size: tuple[int, int], chunks: int) -> np.ndarray:
    """The first so many chunks [F, H, W, 3] uint8."""
    return np.concatenate(list(islice(chunks_of(model, ask, size), chunks)))


def chunks_of(model: Model, ask: Request, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Chunk after chunk [F, H, W, 3] uint8, without end. size: height and width."""
    stream = Stream(model, *size)
    references = tuple(Reference(to_still(picture, model.device)) for picture in ask.references)
    given = ask.source if ask.control is None else ask.control
    numbers = there_and_back(1 if given is None else len(given))
    while True:
        frames = list(islice(numbers, stream.frames_wanted))
        chunk = stream.step(_controls(ask, frames, references, model.device))
        if chunk is not None:  # a stream batch has none at first
            yield pixels(chunk.frames)


def _controls(ask: Request, frames: list[int], references: tuple[Reference, ...], device: torch.device) -> Controls:
    """The one place where a chunk's controls are made, of these frames of what is asked."""

    def cut(pictures: np.ndarray | None) -> Tensor | None:
        return None if pictures is None else video(pictures[frames]).to(device)

    mask = None if ask.mask is None else torch.from_numpy(ask.mask[frames])[None, None].to(device)
    return Controls(
        prompt=ask.prompt,
        control=cut(ask.control),
        source=cut(ask.source),
        mask=mask,
        pin=ask.pin,
        references=references,
        reference_mode=ask.reference_mode,
        scale=ask.scale,
    )
