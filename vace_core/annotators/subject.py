"""Subject: what stands out from its ground, by a network like depth's, trained on the pocket's world."""

from __future__ import annotations

import torch
from torch import Tensor

from .depth import DepthNet, looked, ready
from .segmenter import Segmenter


class Subject(Segmenter):
    """Masks of people, animals, things, whatever is no ground, wall or sky."""

    def __init__(self, net: DepthNet | None = None, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self._net = ready(_bundled() if net is None else net, device)

    def _seen(self, frames: Tensor) -> Tensor:
        return looked(self._net, frames).sigmoid()[:, 0]


def _bundled() -> DepthNet:
    from ..checkpoints.load_state import on_meta
    from ..pocket.loading import fill

    return fill(on_meta(DepthNet, torch.float32), "subject")
