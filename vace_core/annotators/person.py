"""Person: the pixels of people, by MediaPipe's selfie segmentation (Apache-2.0; weights/NOTICE.txt)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from .subject import Steady
from .tflite import TfliteNet

WEIGHTS = Path(__file__).parent / "weights"


class Person:
    """Masks of people in a stream of frames: best for one to a few of them, who fill a good part of the picture."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._net = TfliteNet(WEIGHTS / "selfie_segmentation_landscape.tflite", ("segment_back",)).eval().to(device)
        self._steady = Steady()

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> masks [1, 1, F, H, W] in 0..1."""
        masks = functional.interpolate(self.coarse(frames)[:, None], size=frames.shape[3:], mode="bilinear")
        return masks.transpose(0, 1)[None].to(frames)

    @torch.inference_mode()
    def coarse(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> masks [F, h, w] in 0..1, as small as the network works."""
        pictures = frames[0].transpose(0, 1).float()
        large = pictures.shape[2] > 2 * self._net.size[0]
        small = functional.interpolate(pictures, size=self._net.size, mode="bilinear", antialias=large)
        return self._steady.follow(self._net(small * 0.5 + 0.5)["segment_back"][:, 0])

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._steady.reset()
