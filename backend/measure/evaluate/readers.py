"""What is read off a picture that the painter could have made: its depth.

By a small network of our own, trained on painted pictures alone (`training.py`): the depth annotator will not do,
because it was trained on plain footage, and looks mislead it. How well ours reads the painter's own pictures, which is
the best that can be hoped for, stands beside what it says of the model (`flawless`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.depth import DepthNet
from vace_core.annotators.pixels import video
from vace_core.checkpoints import load_state
from vace_core.checkpoints.layouts import recognise
from vace_core.checkpoints.weights import open_weights

from .measures.likeness import aligned_rmse

WEIGHTS = Path(__file__).parent / "weights"
NAME = "depth_reader"
HEIGHT, WIDTH = 64, 96
"""Pictures are read at this size."""


@torch.inference_mode()
def read_depth(pictures: np.ndarray, net: DepthNet | None = None) -> np.ndarray:
    """[F, H, W, 3] uint8 that follow a depth control -> nearness [F, 64, 96] float32, about 0 (far) to 1."""
    return (net or depth_net())(small(pictures))[:, 0].numpy()


def depth_error(pictures: np.ndarray, depth: np.ndarray, net: DepthNet | None = None) -> float:
    """Between the depth that is read off pictures [F, H, W, 3] uint8 and the depth [F, H, W] that it should be."""
    return aligned_rmse(read_depth(pictures, net), np.stack([shrink(frame) for frame in depth]))


def small(pictures: np.ndarray) -> Tensor:
    """[F, H, W, 3] uint8 -> [F, 3, 64, 96] in [-1, 1]."""
    return video(np.stack([shrink(picture) for picture in pictures]))[0].transpose(0, 1)


def shrink(picture: np.ndarray) -> np.ndarray:
    """A picture, or values of its pixels, at the size at which it is read."""
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


@cache
def depth_net() -> DepthNet:
    """The reader with its weights, float32."""
    net = load_state.on_meta(DepthNet, torch.float32)
    weights = open_weights(WEIGHTS / f"{NAME}.safetensors")
    part = load_state.Part(weights, net.state_dict().keys(), f"the evaluation's {NAME}", recognise(weights))
    load_state.fill(net, [part], torch.device("cpu"))
    return net
