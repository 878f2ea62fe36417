"""A model of numpy for an engine without torch, which has no packages for Wine: a prompt that is a colour is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from backend.engine import process
from backend.engine.messages import RunsOn
from backend.engine.options import ModelOptions

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def load(options: ModelOptions) -> SimpleNamespace:
    """A model of nothing; the engine process then opens a pipeline that needs no torch."""
    process.open_pipeline = lambda model, height, width: Pipeline()  # type: ignore[assignment]
    return SimpleNamespace(device="none", close=lambda: None)


@dataclass(frozen=True)
class Chunk:
    """As `backend.engine.chunk_result.ChunkResult`, which needs torch."""

    frames: np.ndarray
    tag: Any
    mode: str = "stand-in"
    control: None = None
    mask: None = None
    faults: tuple[tuple[str, str], ...] = ()
    refused: tuple[Any, ...] = ()
    handed_out: int = 0
    faded: bool = False
    seconds: dict[Any, float] = field(default_factory=dict)
    fit: Callable[[np.ndarray], np.ndarray] = lambda frames: frames


class Pipeline:
    """Makes chunks of twelve frames; the source with its colours turned round if the prompt is no colour."""

    frames_wanted = 12
    runs_on = RunsOn()

    def make(self, pictures, mask_frames, settings, seconds, tag, **_) -> Chunk:
        frames = np.stack([255 - picture[..., :3] for picture in pictures])
        if settings.prompt in COLOURS:
            frames[:] = COLOURS[settings.prompt]
        return Chunk(frames, tag)

    def prepare(self, four, settings) -> None:
        pass

    def warm_up(self, tell) -> None:
        pass

    def settle(self) -> None:
        pass

    def reset(self) -> None:
        pass
