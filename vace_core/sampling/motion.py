"""StreamDiffusion V2's motion-aware noise: the more a video moves, the less of it is painted over."""

from __future__ import annotations

import torch
from torch import Tensor

FULL_MOTION = 0.2
"""Root mean square change from frame to frame, pixels in [-1, 1], that counts as all there is."""
CALMED = 0.1
"""By how much the noise strength falls where everything moves."""
FOLLOWED = 0.9
"""How much of the way to its aim the noise strength goes in a chunk."""


class MotionNoise:
    """Follows a video chunk by chunk. It reads numbers back, so frames belong on the CPU; a few pixels are enough."""

    def __init__(self) -> None:
        self._last: Tensor | None = None
        self._noise: float | None = None

    def update(self, frames: Tensor, wanted: float) -> float:
        """The noise strength of a chunk with frames [F, ...] in [-1, 1], where `wanted` is that of a still picture.

        n = 0.9 (wanted - 0.1 m) + 0.1 n_before, with m = 0..1 the largest change between neighbouring frames.
        """
        before = frames[:1] if self._last is None or self._last.shape != frames.shape[1:] else self._last[None]
        changes = torch.cat((before, frames)).diff(dim=0).square().flatten(1).mean(1).sqrt()
        motion = min(changes.max().item() / FULL_MOTION, 1.0)
        self._last = frames[-1].clone()
        known = wanted if self._noise is None else self._noise
        self._noise = FOLLOWED * (wanted - CALMED * motion) + (1 - FOLLOWED) * known
        return self._noise
