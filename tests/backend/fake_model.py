"""A model without weights, whose picture tells what it was asked: a colour for some prompts, trouble for others."""

import os
import time
from collections.abc import Callable

import torch

from backend.controls.choices import ANNOTATIONS
from backend.engine.model import EngineModel
from backend.engine.options import ModelOptions
from vace_core.autoencoder.pieces import by_latent
from vace_core.constants import FRAMES_PER_LATENT
from vace_core.controls import Controls
from vace_core.passes import Recordings
from vace_core.progress import Progress
from vace_core.stream import Chunk
from vace_core.text import blend_of
from vace_core.transformer.attention_check import AttentionChoice

COLOURS = {"red": (1.0, -1.0, -1.0), "green": (-1.0, 1.0, -1.0), "blue": (-1.0, -1.0, 1.0)}


def load(choice: ModelOptions) -> EngineModel:
    annotators = {name: Gray() if name == "gray" else Negative() for name in ANNOTATIONS}
    return EngineModel(device="cpu", open_stream=FakeStream, annotators=annotators, warm_up=warm_up)


def warm_up(stream: object, tell: Callable[[str], object]) -> None:
    tell("compiling a fake")


def broken(choice: ModelOptions) -> EngineModel:
    raise ValueError("checkpoint broken.safetensors: missing key blocks.0.attention.q.weight")


class Negative:
    """Stands for depth and the others: it can be told from the source."""

    def __call__(self, frames: torch.Tensor) -> torch.Tensor:
        return -frames

    def reset(self) -> None:
        pass


class Gray(Negative):
    def __call__(self, frames: torch.Tensor) -> torch.Tensor:
        return frames.mean(1, keepdim=True).expand_as(frames)


class FakeStream:
    """Shows a colour for its prompt, but for one corner; else the control, else grey noise of the seed.

    The context scale dims it.
    """

    reference_modes = ("paper", "slot", "joint")
    attention = AttentionChoice("fake", "fake")
    recordings = Recordings(2)

    def __init__(self, height: int, width: int) -> None:
        self.size = (height, width)
        self.chunks = 0

    @property
    def frames_wanted(self) -> int:
        return 12 if self.chunks else 9

    def step(self, controls: Controls, progress: Progress) -> Chunk:
        chunk = self.paint(controls)
        tell(progress, chunk)
        return chunk

    def paint(self, controls: Controls) -> Chunk:
        """The next chunk."""
        blend = blend_of(controls.prompt)
        trouble(blend[-1][0])
        shape = (1, 3, self.frames_wanted, *self.size)
        if all(prompt in COLOURS for prompt, _ in blend):
            colour = sum((weight * torch.tensor(COLOURS[prompt]) for prompt, weight in blend), torch.zeros(3))
            frames = colour[None, :, None, None, None].expand(shape) * min(1.0, controls.scale)
            frames[..., -1, -1] = 0.0  # a picture of one colour all over would be taken for a fault
        elif controls.control is not None:
            frames = controls.control
        else:
            generator = torch.Generator().manual_seed(controls.seed + self.chunks)
            frames = torch.rand(shape, generator=generator) * 2 - 1
        mode = "text" if controls.control is None else "control"
        self.chunks += 1
        return Chunk(frames, mode, self.chunks - 1)

    def settle(self) -> None:
        pass

    def record_calls(self) -> None:
        pass

    def reset(self) -> None:
        self.chunks = 0


def tell(progress: Progress, chunk: Chunk) -> None:
    """What a stream tells of a chunk: its stages, and its frames as they are decoded."""
    progress.encoded()
    progress.stepped()
    progress.denoised()
    latents = torch.zeros(1) if chunk.latents is None else chunk.latents
    for part in by_latent(chunk.frames, begins=chunk.frames.shape[2] % FRAMES_PER_LATENT == 1):
        progress.decoded(part, latents)


def trouble(prompt: str) -> None:
    if prompt == "raise":
        raise RuntimeError("no memory left")
    if prompt == "die":
        os._exit(3)
    if prompt == "hang":
        time.sleep(600)
