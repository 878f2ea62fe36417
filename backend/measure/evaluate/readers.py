"""What is seen in a picture of the drawn world: its depth, and which of the twelve looks it is in.

Two small networks of our own, trained on drawn pictures alone (`training.py`): the depth annotator will not do, because
it was trained on plain footage, and looks mislead it. How well they read pictures that they have not seen is measured
in every evaluation, beside what it says of the model.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from vace_core.annotators.depth import DepthNet
from vace_core.annotators.pixels import video
from vace_core.checkpoints import load_state
from vace_core.checkpoints.layouts import recognise
from vace_core.checkpoints.weights import open_weights
from vace_core.pocket.looks import BACKDROP_MATERIALS, Look, complete

M = TypeVar("M", bound=nn.Module)
WEIGHTS = Path(__file__).parent / "weights"
HEIGHT, WIDTH = 64, 96
"""Pictures are read at this size."""
LOOKS: dict[str, Look] = {word: complete({"backdrop": word}) for word in BACKDROP_MATERIALS}
"""What one word, a backdrop's, asks for: the rest of the look goes with it."""


class LookNet(nn.Module):
    """[B, 3, 64, 96] in [-1, 1] -> how much it looks like each of LOOKS, in order [B, 12], before the softmax."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 64, 80)) -> None:
        super().__init__()
        steps = (3, *widths)
        self.stages = nn.Sequential(*(self._stage(a, b) for a, b in zip(steps, steps[1:])))
        self.head = nn.Linear(2 * widths[-1], len(LOOKS))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.see(pictures))

    def see(self, pictures: Tensor) -> Tensor:
        """What the looks are told by: [B, features]."""
        seen = self.stages(pictures).flatten(2)
        return torch.cat((seen.mean(dim=2), seen.amax(dim=2)), dim=1)

    @staticmethod
    def _stage(inside: int, outside: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(inside, outside, 3, 2, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True),
        )  # fmt: skip


@torch.inference_mode()
def read_depth(pictures: np.ndarray) -> np.ndarray:
    """[F, H, W, 3] uint8 that follow a depth control -> nearness [F, 64, 96] float32, about 0 (far) to 1."""
    return _depth_net()(small(pictures))[:, 0].numpy()


@torch.inference_mode()
def read_look(pictures: np.ndarray) -> np.ndarray:
    """[F, H, W, 3] uint8 -> the probability of each of LOOKS [12] float32, its mean over the frames."""
    return _look_net()(small(pictures)).softmax(dim=1).mean(dim=0).numpy()


@torch.inference_mode()
def see_look(pictures: np.ndarray) -> np.ndarray:
    """[F, H, W, 3] uint8 -> what the reader of looks sees in them, a vector, its mean over the frames."""
    return _look_net().see(small(pictures)).mean(dim=0).numpy()


def small(pictures: np.ndarray) -> Tensor:
    """[F, H, W, 3] uint8 -> [F, 3, 64, 96] in [-1, 1]."""
    shrunk = np.stack([shrink(picture) for picture in pictures])
    return video(shrunk)[0].transpose(0, 1)


def shrink(picture: np.ndarray) -> np.ndarray:
    """A picture, or values of its pixels, at the size at which it is read."""
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


@cache
def _depth_net() -> DepthNet:
    return _filled(load_state.on_meta(DepthNet, torch.float32), "depth_reader")


@cache
def _look_net() -> LookNet:
    return _filled(load_state.on_meta(LookNet, torch.float32), "look_reader")


def _filled(module: M, name: str) -> M:
    weights = open_weights(WEIGHTS / f"{name}.safetensors")
    part = load_state.Part(weights, module.state_dict().keys(), f"the evaluation's {name}", recognise(weights))
    load_state.fill(module, [part], torch.device("cpu"))
    return module
