"""Segmenters and a detector that find what a test says."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from vace_core.annotators.boxes import Box


@dataclass
class RedSegmenter:
    """Finds what is red. seen: the frames of every call; resets: how often it was told to forget."""

    seen: list[int] = field(default_factory=list)
    resets: int = 0

    def __call__(self, frames: torch.Tensor) -> torch.Tensor:
        self.seen.append(frames.shape[2])
        return frames[:, :1].gt(0) & frames[:, 1:2].lt(0)

    def reset(self) -> None:
        self.resets += 1


@dataclass
class Scripted:
    """A detector that finds in each frame what comes next in its script."""

    script: list[list[Box]]
    names: tuple[str, ...] = ("Dog", "cat", "ball")

    def detect(self, frames: torch.Tensor) -> list[list[Box]]:
        found, self.script = self.script[: frames.shape[2]], self.script[frames.shape[2] :]
        return found

    def reset(self) -> None:
        """It remembers nothing."""
