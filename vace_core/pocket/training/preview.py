"""A contact sheet of what the model can do at this point: controls in the first row, a prompt a row below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.gray import Gray
from vace_core.annotators.pixels import video
from vace_core.annotators.scribble import Scribble
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from ..world.clip import DrawnClip

PROMPTS = (
    "gold",
    "neon",
    "ice",
    "stained glass",
    "watercolour at sunset",
    "blueprint",
)


@dataclass(frozen=True)
class Footage:
    """Frames [1, 3, F, H, W] in [-1, 1] and their depth, F of at least 21."""

    frames: Tensor
    depth: Tensor


def of_clip(clip: DrawnClip) -> Footage:
    """A drawn clip's footage and its exact depth."""
    depth = np.repeat(clip.depth[..., None], 3, axis=-1)
    return Footage(*(video(pictures) for pictures in (clip.footage, depth)))


def contact_sheet(model: Model, footages: list[Footage], path: Path, prompts: tuple[str, ...] = PROMPTS) -> None:
    """Write a PNG: for each footage its 21st frame, its depth, scribble and grey, and what becomes of each."""
    columns = []
    for footage in footages:
        controls = (footage.depth, Scribble()(footage.frames), Gray()(footage.frames))
        for control in controls:
            cells = [footage.frames[0, :, 20], control[0, :, 20]]
            cells += [restyle(model, prompt, control)[0, :, 20] for prompt in prompts]
            columns.append(torch.cat(cells, dim=1))
    sheet = torch.cat(columns, dim=2).permute(1, 2, 0).numpy()
    cv2.imwrite(str(path), ((sheet[..., ::-1] + 1) * 127.5).clip(0, 255).astype(np.uint8))


def restyle(model: Model, prompt: str, control: Tensor) -> Tensor:
    """A stream over a control [1, 3, F, H, W] from its start; as many whole chunks as there are frames for."""
    stream = Stream(model, *control.shape[-2:])
    frames, at = [], 0
    while at + stream.frames_wanted <= control.shape[2]:
        wanted = stream.frames_wanted
        chunk = stream.step(Controls(prompt=prompt, control=control[:, :, at : at + wanted]))
        assert chunk is not None
        frames.append(chunk.frames)
        at += wanted
    return torch.cat(frames, dim=2)
