"""Depth: relative inverse depth of a single picture, by a small U-Net trained on the pocket's world."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .level import RunningLevel

WORKING_WIDTH = 96
"""Pictures are looked at about this wide; outlines come back from the picture itself."""


def _stage(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class DepthNet(nn.Module):
    """[B, 3, H, W] in [-1, 1] -> relative inverse depth [B, 1, H, W], about 0 (far) to 1 (near).

    Rows and columns are given too, since what is low in a picture is usually near. H and W are multiples of 16.
    """

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96, 128)) -> None:
        super().__init__()
        steps = (5, *widths)
        self.down = nn.ModuleList(nn.Sequential(_stage(a, b, stride=2), _stage(b, b)) for a, b in zip(steps, steps[1:]))
        self.whole = nn.Linear(widths[-1], widths[-1])
        self.up = nn.ModuleList(_stage(a + b, a) for a, b in zip(widths, widths[1:]))
        self.head = nn.Conv2d(widths[0], 4, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        batch, _, height, width = pictures.shape
        y = torch.linspace(-1, 1, height, device=pictures.device)[:, None].expand(height, width)
        x = torch.linspace(-1, 1, width, device=pictures.device)[None].expand(height, width)
        place = torch.stack((y, x)).expand(batch, 2, height, width).to(pictures.dtype)
        z = torch.cat((pictures, place), dim=1)
        levels = []
        for stage in self.down:
            z = stage(z)
            levels.append(z)
        z = levels.pop()
        z = z + self.whole(z.mean(dim=(2, 3)))[:, :, None, None]
        for stage in reversed(self.up):
            skip = levels.pop()
            z = stage(torch.cat((skip, functional.interpolate(z, size=skip.shape[2:], mode="nearest")), dim=1))
        return functional.pixel_shuffle(self.head(z), 2)


class Depth:
    """Depth of a stream of frames, held steady: range and picture follow slowly, so that nothing pumps or flickers."""

    def __init__(self, net: DepthNet | None = None, device: torch.device | str = "cpu") -> None:
        self._net = (net if net is not None else _bundled()).to(device)
        self._low, self._high = RunningLevel[Tensor](), RunningLevel[Tensor]()
        self._last: Tensor | None = None

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> depth [1, 3, F, H, W] in [-1, 1], 1 = nearest."""
        pictures = frames[0].transpose(0, 1)
        height, width = pictures.shape[2:]
        small = _working_size(height, width)
        near = self._net(functional.interpolate(pictures, size=small, mode="area"))
        near = self._steady(near)
        near = functional.interpolate(near, size=(height, width), mode="bilinear").clamp(0, 1) * 2 - 1
        return near.transpose(0, 1)[None].expand(1, 3, -1, -1, -1).contiguous().to(frames)

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._low.reset()
        self._high.reset()
        self._last = None

    def _steady(self, near: Tensor) -> Tensor:
        out = []
        for picture in near.unbind(0):
            low = self._low.follow(torch.quantile(picture, 0.02))
            high = self._high.follow(torch.quantile(picture, 0.985))
            picture = (picture - low) / (high - low).clamp_min(0.15)
            if self._last is not None:
                picture = torch.lerp(self._last, picture, 0.7)
            self._last = picture
            out.append(picture)
        return torch.stack(out)


def _working_size(height: int, width: int) -> tuple[int, int]:
    scale = WORKING_WIDTH / width
    return max(16, round(height * scale / 16) * 16), WORKING_WIDTH


def _bundled() -> DepthNet:
    from ..checkpoints.filling import on_meta
    from ..pocket.loading import fill

    return fill(on_meta(DepthNet, torch.float32), "depth")
