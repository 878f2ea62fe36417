"""Depth by the Depth Anything networks, where the user has them: of single pictures by transformers, of video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .depth import SteadyDepth, depth_control
from .hub import from_repository, load_weights, looking, repository_file
from .pixels import pixels

PICTURES = "depth-anything/Depth-Anything-V2-Small-hf"
VIDEO = "depth-anything/Video-Depth-Anything-Small"
VIDEO_FILE = "video_depth_anything_vits.pth"
VIDEO_SIZES = {"encoder": "vits", "features": 64, "out_channels": [48, 96, 192, 384]}
"""The smallest of the published ones; its licence is Apache-2.0, the larger ones' is not."""

PATCH = 14
LARGEST = 518
"""Pixels of the shorter side that they were trained with; larger pictures are made so small."""

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NARROWEST = 0.5
"""The least range of depth, in the networks' unit, that is spread over the whole control."""


class DepthAnything:
    """Depth of a stream of frames by Depth-Anything-V2-Small (Apache-2.0), all frames of a call at once.

    Raises ValueError, with the fix, where the network is not in `folders`.
    """

    def __init__(self, folders: Sequence[Path], device: torch.device | str = "cpu") -> None:
        from transformers import AutoModelForDepthEstimation

        net = looking(from_repository(AutoModelForDepthEstimation.from_pretrained, PICTURES, folders))
        self._net = net.to(device, torch.float16 if torch.device(device).type == "cuda" else torch.float32)
        self._mean, self._spread = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, SPREAD))
        self._steady = SteadyDepth(NARROWEST)

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> depth [1, 3, F, H, W] in [-1, 1], 1 = nearest."""
        images = functional.interpolate(frames[0].transpose(0, 1).float(), _size(*frames.shape[3:]), mode="bilinear")
        images = (images * 0.5 + 0.5 - self._mean) / self._spread
        near = self._net(pixel_values=images.to(next(self._net.parameters()).dtype)).predicted_depth.float()
        return depth_control(self._steady.update(near[:, None]), frames)

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._steady.reset()


class VideoDepthAnything:
    """Depth of a stream of frames by Video-Depth-Anything-Small (Apache-2.0), which remembers earlier frames itself.

    Raises ValueError, with the fix, where its package or its weights are missing.
    """

    def __init__(self, folders: Sequence[Path], device: torch.device | str = "cpu") -> None:
        self._device = str(device)
        self._weights = repository_file(VIDEO, VIDEO_FILE, folders)
        self._net = self._fresh()
        self._steady = SteadyDepth(NARROWEST)

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> depth [1, 3, F, H, W] in [-1, 1], 1 = nearest."""
        size, whole = min(_size(*frames.shape[3:])), self._device == "cpu"
        near = [self._net.infer_video_depth_one(picture, size, self._device, whole) for picture in pixels(frames)]
        stacked = torch.from_numpy(np.stack(near)).to(frames.device)[:, None].float()
        return depth_control(self._steady.update(stacked), frames)

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._net = self._fresh()
        self._steady.reset()

    def _fresh(self) -> Any:
        """Its memory is part of the network, so that a new one is what forgets."""
        try:
            from video_depth_anything.video_depth_stream import (  # pyright: ignore[reportMissingImports]
                VideoDepthAnything as Network,
            )
        except ImportError as error:
            raise ValueError(
                "video-depth-anything needs its package: put the folder of "
                "https://github.com/DepthAnything/Video-Depth-Anything on PYTHONPATH, or choose another --depth"
            ) from error
        net = Network(**VIDEO_SIZES)
        load_weights(net, self._weights)
        return looking(net).to(self._device)


def _size(height: int, width: int) -> tuple[int, int]:
    """Rows and columns, whole patches each, about as in the picture."""
    scale = min(1.0, LARGEST / min(height, width))
    return max(1, round(height * scale / PATCH)) * PATCH, max(1, round(width * scale / PATCH)) * PATCH
