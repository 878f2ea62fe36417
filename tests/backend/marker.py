"""A clip whose frames tell their numbers, by where a white square stands; and a stream that notes what it gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from backend.controls.mask_source import MaskSource
from backend.controls.settings import Settings
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.options import ModelOptions
from tests.backend import fake_model
from vace_core.controls import Controls
from vace_core.stream import Chunk

HEIGHT, WIDTH, SIDE = 64, 96, 8
PLACES = (HEIGHT // SIDE) * (WIDTH // SIDE)
"""How many frames have a place of their own."""


def picture(number: int) -> np.ndarray:
    """uint8 `[H, W, 3]`, black with a white square."""
    made = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    row, column = divmod(number % PLACES, WIDTH // SIDE)
    made[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] = 255
    return made


def clip(frames: int) -> list[np.ndarray]:
    return [picture(number) for number in range(frames)]


def numbers(video: Tensor, box: tuple[slice, slice] = (slice(None), slice(None))) -> list[int]:
    """The number of each frame of a video [1, C, F, H, W] whose rows and columns `box` show the clip."""
    shown = video[0].mean(0)[:, *box]
    side = SIDE * shown.shape[1] / HEIGHT
    found = []
    for frame in shown:
        row, column = ((frame >= frame.max() - 1e-3).nonzero().float().mean(0) + 0.5).tolist()
        found.append(int(row // side * (WIDTH // SIDE) + column // side))
    return found


class Noting(fake_model.FakeStream):
    """Keeps every Controls it was given; its picture is the source, or the control, or black."""

    seen: list[Controls]

    def __init__(self, height: int, width: int, sizes: tuple[int, int] = (9, 12)) -> None:
        super().__init__(height, width)
        self.sizes = sizes
        self.seen = []

    @property
    def frames_wanted(self) -> int:
        return self.sizes[bool(self.chunks)]

    def paint(self, controls: Controls) -> Chunk:
        self.seen.append(controls)
        shown = [video for video in (controls.source, controls.control) if video is not None]
        frames = shown[0] if shown else torch.full((1, 3, self.frames_wanted, *self.size), -1.0)
        self.chunks += 1
        mode = "inpainting" if controls.mask is not None else "control" if controls.control is not None else "text"
        return Chunk(frames, mode, self.chunks - 1)


class Same:
    """An annotator that changes nothing, so that its control video tells its frames."""

    def __call__(self, frames: Tensor) -> Tensor:
        return frames

    def reset(self) -> None:
        pass


def maker(sizes: tuple[int, int] = (9, 12), **loaded: object) -> tuple[ChunkPipeline, Noting]:
    """A chunk maker over a stream that notes; every annotator hands on what it sees."""
    streams: list[Noting] = []

    def open_stream(height: int, width: int) -> Noting:
        streams.append(Noting(height, width, sizes))
        return streams[-1]

    kinds = ("depth", "scribble", "flow", "gray", "layout", "pose")
    model = replace(
        fake_model.load(ModelOptions()),
        **{"open_stream": open_stream, "annotators": {kind: Same() for kind in kinds}, **loaded},
    )
    made = ChunkPipeline(model, HEIGHT, WIDTH)
    return made, streams[0]


def settings(**values: object) -> Settings:
    """The defaults, but nothing followed, and `values`; mask_source is a text."""
    given = {"prompt": "a show", "control": "none", **values}
    given["mask_source"] = MaskSource.parse(str(values.get("mask_source", "none")))
    return replace(Settings(), **given)  # type: ignore[arg-type]
