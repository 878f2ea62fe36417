"""A model of numpy for an engine without torch, which has no packages for Wine: a prompt that is a colour is shown."""

from types import SimpleNamespace

import numpy as np

from backend.engine import process
from backend.engine.options import ModelOptions

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def load(options: ModelOptions) -> SimpleNamespace:
    """A model of nothing; the engine process then opens a pipeline that needs no torch."""
    process.open_pipeline = lambda model, height, width: Pipeline()  # type: ignore[assignment]
    return SimpleNamespace(device="none")


class Pipeline:
    """Makes chunks of twelve frames; the source with its colours turned round if the prompt is no colour."""

    frames_wanted = 12

    def make(self, pictures, mask_frames, settings, seconds, tag, **_) -> SimpleNamespace:
        frames = np.stack([255 - picture[..., :3] for picture in pictures])
        if settings.prompt in COLOURS:
            frames[:] = COLOURS[settings.prompt]
        seen = {"mode": "stand-in", "control": None, "mask": None, "faded": False}
        return SimpleNamespace(frames=frames, faults=(), refused=(), tag=tag, **seen)

    def warm_up(self, tell) -> None:
        pass

    def settle(self) -> None:
        pass

    def reset(self) -> None:
        pass
