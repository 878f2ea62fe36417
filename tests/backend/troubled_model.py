"""A fake model that meets trouble: pictures that are not numbers, memory that runs out, loads that fail.

The prompt says which; `ModelOptions.models` is a folder in which lives are counted, and which a test writes into.
"""

import os
import time
from dataclasses import replace
from pathlib import Path

import torch

from backend.engine.model import EngineModel
from backend.engine.options import ModelOptions
from vace_core.controls import Controls
from vace_core.stream import Chunk
from vace_core.text import blend_of

from .fake_model import FakeStream
from .fake_model import load as load_fake


def load(options: ModelOptions) -> EngineModel:
    """Sleeps, fails or dies if the folder holds a file of that name; `lives` there counts the calls."""
    (folder,) = options.models
    lives = lives_in(folder) + 1
    (folder / "lives.new").write_text(str(lives))
    (folder / "lives.new").replace(folder / "lives")
    if (folder / "sleep").exists():
        time.sleep(600)
    if (folder / "fail").exists():
        raise RuntimeError("CUDA error: the device is not free yet")
    if (folder / "die").exists():
        os._exit(3)
    fake = load_fake(options)
    return replace(fake, open_stream=TroubledStream)


def lives_in(folder: Path) -> int:
    """How often a model was loaded there."""
    counted = folder / "lives"
    return int(counted.read_text()) if counted.exists() else 0


class TroubledStream(FakeStream):
    """prompt "nan": frames that are not numbers; "infinite latents"; "black"; "nan once": the first chunk of a life;
    "budget N": out of memory above N thousand pixels, of which a chunk with references takes twice as many, and one
    that is not made in parts as well.
    """

    once = 0

    def paint(self, controls: Controls) -> Chunk:
        prompt = blend_of(controls.prompt)[-1][0]
        kind, _, number = prompt.partition(" ")
        if kind == "budget":
            pixels = self.size[0] * self.size[1] * (2 if controls.references else 1) * (1 if controls.in_parts else 2)
            if pixels > 1000 * float(number):
                raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {pixels} bytes")
        chunk = super().paint(controls)
        frames, latents = chunk.frames.clone(), torch.zeros(1)
        TroubledStream.once += prompt == "nan once"
        if prompt == "nan" or (prompt == "nan once" and TroubledStream.once == 1):
            frames[0, 1, 3, 2, 5] = float("nan")
        if prompt == "infinite latents":
            latents[0] = float("-inf")
        if prompt == "black":
            frames[:] = -1.0
        return Chunk(frames, chunk.mode, chunk.index, latents)
