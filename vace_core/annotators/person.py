"""Person: the pixels of people, by MediaPipe's selfie segmentation (Apache-2.0; weights/NOTICE.txt)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from .segmenter import Segmenter
from .tflite import TfliteNet

WEIGHTS = Path(__file__).parent / "weights"


class Person(Segmenter):
    """Masks of people: best for one to a few of them, who fill a good part of the picture."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self._net = TfliteNet(WEIGHTS / "selfie_segmentation_landscape.tflite", ("segment_back",)).eval().to(device)

    def _seen(self, frames: Tensor) -> Tensor:
        pictures = frames[0].transpose(0, 1).float()
        large = pictures.shape[2] > 2 * self._net.size[0]
        small = functional.interpolate(pictures, size=self._net.size, mode="bilinear", antialias=large)
        return self._net(small * 0.5 + 0.5)["segment_back"][:, 0]
