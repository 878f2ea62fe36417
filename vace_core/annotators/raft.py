"""Optical flow by RAFT, where torchvision and its weights are on the machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..checkpoints.paths import is_file
from .hub import load_weights, looking

LEAST = 128
"""Pixels of a side below which RAFT cannot look; smaller pictures are enlarged."""

PASSES = 6
"""How often it corrects itself; the published 12 take twice the time."""


class Raft:
    """RAFT, small, by torchvision (BSD-3-Clause): a `flow.Motion`, all pairs of a call at once.

    Raises ValueError, with the fix, where torchvision or the weights are missing; nothing is fetched.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        try:
            from torchvision.models.optical_flow import (  # pyright: ignore[reportMissingImports]
                Raft_Small_Weights,
                raft_small,
            )
        except ImportError as error:
            raise ValueError(
                "the flow raft needs torchvision, of the version that belongs to the installed torch: "
                "`python start.py pip install torchvision`; or choose --flow dis"
            ) from error
        weights = Raft_Small_Weights.DEFAULT
        path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
        if not is_file(path):
            raise ValueError(f"the weights of RAFT are missing: download {weights.url} to {path}, or choose --flow dis")
        net = raft_small(weights=None)
        load_weights(net, path)
        self._net, self._device = looking(net).to(device), device

    def pictures(self, frames: Tensor) -> Sequence[Tensor]:
        """frames [1, 3, F, H, W] in [-1, 1] -> what `motion` takes: [3, H, W] each."""
        return list(frames[0].to(self._device, torch.float32).unbind(1))

    @torch.inference_mode()
    def motion(self, ones: Sequence[Tensor], others: Sequence[Tensor]) -> np.ndarray:
        """N pictures and N others -> [N, H, W, 2] float32: where each pixel of the ones went, in pixels."""
        height, width = ones[0].shape[1:]
        large = [max(LEAST, math.ceil(side / 8) * 8) for side in (height, width)]
        stacked = (torch.stack(list(each)) for each in (ones, others))
        one, other = (functional.interpolate(each, large, mode="bilinear") for each in stacked)
        flow = self._net(one, other, num_flow_updates=PASSES)[-1]
        flow = functional.interpolate(flow, (height, width), mode="bilinear")
        flow[:, 0] *= width / large[1]
        flow[:, 1] *= height / large[0]
        return flow.permute(0, 2, 3, 1).cpu().numpy()
