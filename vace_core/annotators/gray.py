"""Grey: the lightness of a video, to be coloured and restyled."""

from __future__ import annotations

from torch import Tensor


class Gray:
    """Lightness (Rec. 601). It remembers nothing between calls."""

    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> the same, grey."""
        red, green, blue = frames.unbind(1)
        gray = 0.299 * red + 0.587 * green + 0.114 * blue
        return gray[:, None].expand_as(frames).contiguous()

    def reset(self) -> None:
        """Nothing to forget."""
