"""How far pictures are from those that are wanted, to the eye: of a decoder, and of latents seen through one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.constants import FRAMES_PER_LATENT

from ..sizes import AUTOENCODER

LEAST_DETAIL = 0.02
"""Differences below this, of pixels in [-1, 1], count as none."""
IN_A_DECODER, IN_LATENTS = 0.1, 0.3
"""How much detail counts. A decoder that is trained for long with more of it loses likeness for it; latents do not."""
SEEN = (8, 12)
"""Height and width of the part of a chunk's latents that is looked at; its place is drawn anew each time."""


def picture_loss(decoded: Tensor, target: Tensor, detail: float = IN_A_DECODER) -> tuple[Tensor, Tensor, Tensor]:
    """Of videos [B, 3, F, H, W] in [-1, 1]: what training lessens, and in it the mean absolute error and 1 - SSIM.

    detail: how much it counts whether there is as much fine detail as there should be, wherever it lies.
    """
    error = (decoded - target).abs().mean()
    with torch.autocast("cpu", enabled=False):  # differences of squares need all their digits
        unlike = 1 - _similarity(decoded, target).mean()
    gradient = torch.stack([(_slope(decoded, axis) - _slope(target, axis)).abs().mean() for axis in (2, 3, 4)]).sum()
    coarse = torch.stack([(_coarse(decoded, s) - _coarse(target, s)).abs().mean() for s in (4, 8)]).sum()
    missing = (_detail(decoded) - _detail(target)).abs().mean()
    return error + 0.6 * gradient + 0.5 * coarse + 0.4 * unlike + detail * missing, error, unlike


def _similarity(decoded: Tensor, target: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004) of videos in [-1, 1], a map of every colour."""
    x, y = ((video.transpose(1, 2).flatten(0, 1) + 1) / 2 for video in (decoded, target))
    mean_x, mean_y = _smooth(x), _smooth(y)
    var_x, var_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
    cov = _smooth(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    return (2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))


def _smooth(pictures: Tensor) -> Tensor:
    """[N, 3, H, W] under a Gaussian window, where all of it is inside."""
    places = torch.arange(-5, 6)
    line = torch.exp(-places.square() / (2 * 1.5**2)).to(pictures)
    line = (line / line.sum()).expand(3, 1, 1, -1)
    return functional.conv2d(functional.conv2d(pictures, line, groups=3), line.transpose(2, 3), groups=3)


def _detail(video: Tensor) -> Tensor:
    """The logarithm of how much neighbouring pixels differ in each square of 8 pixels: where fine detail can't be right
    pixel by pixel, as much of it as there should be is nearer to the eye than none.
    """
    across, down = _slope(video, 4)[..., :-1, :], _slope(video, 3)[..., :-1]
    steps = (across.abs() + down.abs()).mean(dim=1)
    return (functional.avg_pool2d(steps, 8, stride=4) + LEAST_DETAIL).log()


def _slope(video: Tensor, axis: int) -> Tensor:
    return video.diff(dim=axis)


def _coarse(video: Tensor, scale: int) -> Tensor:
    return functional.avg_pool3d(video, (1, scale, scale))


def seen_loss(decoder: TinyAutoencoder, made: Tensor, wanted: Tensor) -> Tensor:
    """`picture_loss` of a random part of latents [B, 16, f, h, w] against others, both as the decoder shows them."""
    height, width = made.shape[-2:]
    top, left = (_start(size - seen) for size, seen in zip((height, width), SEEN, strict=True))
    part = (..., slice(top, top + SEEN[0]), slice(left, left + SEEN[1]))
    with torch.no_grad():
        target = _shown(decoder, wanted[part])
    return picture_loss(_shown(decoder, made[part]), target, IN_LATENTS)[0]


def _start(most: int) -> int:
    """A multiple of the period that the decoder's textures have, up to a number."""
    return AUTOENCODER.period * int(torch.randint(most // AUTOENCODER.period + 1, ()))


def _shown(decoder: TinyAutoencoder, latents: Tensor) -> Tensor:
    return decoder.decode_raw(latents)[0][:, :, FRAMES_PER_LATENT - 1 :].float()
