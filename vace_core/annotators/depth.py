"""Depth: relative inverse depth of a single picture, by a small U-Net trained on the pocket's world."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..mixed_precision import has_bfloat16
from .level import RunningLevel

WORKING_WIDTH = 96
"""Pictures are looked at about this wide; outlines come back from the picture itself."""
ENDS = (0.02, 0.985)
"""The shares of a picture's depths below which its range begins and ends."""


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
        self._net = ready(bundled_depth() if net is None else net, device)
        self._steady = SteadyDepth()

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Tensor:
        """frames [1, 3, F, H, W] in [-1, 1] -> depth [1, 3, F, H, W] in [-1, 1], 1 = nearest."""
        return depth_control(self._steady.update(looked(self._net, frames)), frames)

    def reset(self) -> None:
        """Forget what was seen, as after a cut."""
        self._steady.reset()


class SteadyDepth:
    """Puts relative inverse depth, whatever its scale, into a range that follows it slowly.

    It waits for nothing: levels stay on the device of the depth.
    """

    def __init__(self, narrowest: float = 0.15) -> None:
        self._narrowest = narrowest
        self._ends = torch.tensor(ENDS)
        self._level = RunningLevel[Tensor]()
        self._last: Tensor | None = None

    def update(self, near: Tensor) -> Tensor:
        """near [F, 1, h, w], larger is nearer -> [F, 1, h, w], about 0 to 1 (not clamped)."""
        out = []
        self._ends = self._ends.to(near)
        ends = torch.quantile(near[:, 0, ::2, ::2].flatten(1), self._ends, dim=1)
        for picture, range_of_one in zip(near.unbind(0), ends.unbind(1)):
            low, high = self._level.update(range_of_one)
            picture = (picture - low) / (high - low).clamp_min(self._narrowest)
            if self._last is not None and self._last.shape == picture.shape:
                picture = torch.lerp(self._last, picture, 0.7)
            self._last = picture
            out.append(picture)
        return torch.stack(out)

    def reset(self) -> None:
        self._level.reset()
        self._last = None


def depth_control(near: Tensor, frames: Tensor) -> Tensor:
    """near [F, 1, h, w] in 0..1 -> the control [1, 3, F, H, W] in [-1, 1], as large as the frames, where they are."""
    near = functional.interpolate(near, size=frames.shape[3:], mode="bilinear").clamp(0, 1) * 2 - 1
    return near.transpose(0, 1)[None].expand(1, 3, -1, -1, -1).contiguous().to(frames)


def looked(net: DepthNet, frames: Tensor) -> Tensor:
    """frames [1, 3, F, H, W] in [-1, 1] -> what the network makes of them, all at once, [F, 1, h, w] float32."""
    small = functional.interpolate(frames[0].transpose(0, 1), size=_working_size(*frames.shape[3:]), mode="area")
    return net(small.to(net.head.weight)).float()


def ready(net: DepthNet, device: torch.device | str) -> DepthNet:
    """A copy that only looks: on its device, its batch norms made part of its convolutions.

    Processors with bfloat16 instructions use them, which takes half the time and changes depth by 0.01 at most.
    """
    net = copy.deepcopy(net).eval()
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential):
            convolution, norm = module[0], module[1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[0], module[1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    halves = torch.device(device).type == "cpu" and has_bfloat16()
    net.to(device, torch.bfloat16 if halves else torch.float32)
    return net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _working_size(height: int, width: int) -> tuple[int, int]:
    scale = WORKING_WIDTH / width
    return max(16, round(height * scale / 16) * 16), WORKING_WIDTH


def bundled_depth() -> DepthNet:
    from ..checkpoints.load_state import on_meta
    from ..pocket.loading import fill

    return fill(on_meta(DepthNet, torch.float32), "depth")
