"""The tiny autoencoder (TAE): convolutions per frame, with one frame of memory in each block.

The published taew2_1 and the bundled pocket model's are this class at two sizes. Modules hold no state: the last
input of every `MemoryBlock` is a `TinyState`, passed in and handed back, so that a stream encoded or decoded in
pieces equals the whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from ..constants import FRAMES_PER_LATENT
from .block_transform import BlockTransform
from .pieces import in_pieces, require_pixels, run_pieces
from .soft_picture import SoftPicture
from .statistics import Statistics

LATENT_LIMIT = 3.0


@dataclass(frozen=True)
class TinySizes:
    """Channels: one width for the encoder, three for the decoder's stages from coarse to fine; blocks a stage."""

    encoder: int = 64
    """0: a linear transform of blocks in place of layers, which takes a fiftieth of the time. The decoder's layers then
    add to the soft picture that is linear in such latents."""
    decoder: tuple[int, int, int] = (256, 128, 64)
    blocks: int = 3
    latent_channels: int = 16
    shuffle: bool = False
    """Enlarge by moving channels into place, in the decoder, and not by repeating pixels: quicker, learnt sooner."""
    period: int = 0
    """The decoder knows where in a pattern of so many latents across and down it is: what is painted has textures of
    that period which stand on the screen, and are finer than latents say."""
    wan_space: bool = False
    """Trained on latents as Wan's autoencoder leaves them before it normalises them (lighttaew2_1)."""


@dataclass(frozen=True)
class TinyState:
    """The last frame [B, C, H, W] that each memory block has seen, in the order of the blocks."""

    last: tuple[Tensor, ...]

    def clone(self) -> TinyState:
        return TinyState(tuple(frame.clone() for frame in self.last))


class MemoryBlock(nn.Module):
    """Three convolutions over a frame and the frame before it, with a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor, frames: int, last: Tensor | None) -> tuple[Tensor, Tensor]:
        """x [(B T), C, H, W] of T = `frames` frames; last [B, C, H, W], or None for zeros. Gives x and the new last."""
        video = x.unflatten(0, (-1, frames))
        before = torch.zeros_like(video[:, :1]) if last is None else last[:, None]
        past = torch.cat((before, video[:, :-1]), dim=1).flatten(0, 1)
        # A copy: a view would keep all frames of every block alive until the next call.
        return functional.relu(self.conv(torch.cat((x, past), dim=1)) + x), video[:, -1].clone()


class TimePool(nn.Module):
    """`stride` neighbouring frames become one."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(channels * stride, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(rearrange(x, "(n s) c h w -> n (s c) h w", s=self.stride))


class TimeGrow(nn.Module):
    """One frame becomes `stride` neighbouring ones."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(channels, channels * stride, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return rearrange(self.conv(x), "n (s c) h w -> (n s) c h w", s=self.stride)


class Place(nn.Module):
    """Adds what a place of the screen, in a pattern of period x period latents from the upper left, adds to each."""

    def __init__(self, channels: int, period: int) -> None:
        super().__init__()
        self.pattern = nn.Parameter(torch.zeros(channels, period, period))

    def forward(self, x: Tensor) -> Tensor:
        """x [N, C, h, w]."""
        height, width = x.shape[-2:]
        period = self.pattern.shape[-1]
        whole = self.pattern.repeat(1, -(-height // period), -(-width // period))
        return x + whole[:, :height, :width]


class SoftClamp(nn.Module):
    """Holds latents within three standard deviations, as the decoder was trained."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / LATENT_LIMIT) * LATENT_LIMIT


def _encoder(sizes: TinySizes) -> nn.Sequential:
    c = sizes.encoder
    layers: list[nn.Module] = [nn.Conv2d(3, c, 3, padding=1), nn.ReLU(inplace=True)]
    for stride in (2, 2, 1):
        layers += [TimePool(c, stride), nn.Conv2d(c, c, 3, stride=2, padding=1, bias=False)]
        layers += [MemoryBlock(c) for _ in range(sizes.blocks)]
    return nn.Sequential(*layers, nn.Conv2d(c, sizes.latent_channels, 3, padding=1))


def _decoder(sizes: TinySizes) -> nn.Sequential:
    widths = (*sizes.decoder, sizes.decoder[-1])
    layers: list[nn.Module] = [
        SoftClamp(),
        nn.Conv2d(sizes.latent_channels, widths[0], 3, padding=1),
        *([Place(widths[0], sizes.period)] if sizes.period else []),
        nn.ReLU(inplace=True),
    ]
    if sizes.shuffle:
        return nn.Sequential(*layers, *_shuffled_stages(sizes))
    for stage, stride in enumerate((1, 2, 2)):
        c, following = widths[stage], widths[stage + 1]
        layers += [MemoryBlock(c) for _ in range(sizes.blocks)]
        layers += [nn.Upsample(scale_factor=2), TimeGrow(c, stride)]
        layers += [nn.Conv2d(c, following, 3, padding=1, bias=False)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True), nn.Conv2d(widths[-1], 3, 3, padding=1))


def _shuffled_stages(sizes: TinySizes) -> list[nn.Module]:
    widths = (*sizes.decoder, 3)
    layers: list[nn.Module] = []
    for stage, stride in enumerate((1, 2, 2)):
        c, following = widths[stage], widths[stage + 1]
        layers += [MemoryBlock(c) for _ in range(sizes.blocks)]
        layers += [TimeGrow(c, stride), nn.Conv2d(c, 4 * following, 3, padding=1), nn.PixelShuffle(2)]
    return layers


class TinyAutoencoder(nn.Module):
    """See the module's docstring. Key names are the published ones (encoder.N..., decoder.N...)."""

    def __init__(self, sizes: TinySizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes or TinySizes()
        self.latent_channels = self.sizes.latent_channels
        linear = not self.sizes.encoder
        # A block looks one frame back: half a latent frame in the first stage, a whole one in the other two.
        self.encoder_memory = 0 if linear else math.ceil(2.5 * self.sizes.blocks)
        self.encoder = BlockTransform(self.latent_channels) if linear else _encoder(self.sizes)
        self.decoder = _decoder(self.sizes)
        self.soft = SoftPicture(self.latent_channels) if linear else None
        self.statistics = Statistics() if self.sizes.wan_space else None
        self.run_encoder = self.run_decoder = run_layers

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights, and of the work, but that of the decoder's layers, which may have another; pixels and latents
        that go in and out are float32."""
        return next(self.parameters()).dtype

    def encode(self, pixels: Tensor, state: TinyState | None = None) -> tuple[Tensor, TinyState]:
        """Pixels [B, 3, F, H, W] in [-1, 1] -> latents [B, C, f, H/8, W/8].

        Without a state a stream begins: F = 1 + 4k, the first latent stands for the first frame alone (seen four
        times). With the state that the last call gave, F = 4k. Other counts, and sizes that are no multiple of 8,
        raise ValueError.
        """
        require_pixels(pixels, begins=state is None)
        if state is None:
            first = pixels[:, :, :1].expand(-1, -1, FRAMES_PER_LATENT - 1, -1, -1)
            pixels = torch.cat((first, pixels), dim=2)
        return self.encode_raw(pixels, state)

    def decode(self, latents: Tensor, state: TinyState | None = None) -> tuple[Tensor, TinyState]:
        """Latents [B, C, f, h, w] -> pixels [B, 3, F, 8h, 8w] in [-1, 1]; F = 4f - 3 where a stream begins, else 4f."""
        pixels, after = self.decode_raw(latents, state)
        if state is None:
            pixels = pixels[:, :, FRAMES_PER_LATENT - 1 :]
        return pixels.clamp(-1.0, 1.0), after

    def encode_raw(self, pixels: Tensor, state: TinyState | None = None) -> tuple[Tensor, TinyState]:
        """Four frames to a latent from the very first: F = 4k, in the published model's own grouping."""
        unit = ((pixels + 1) / 2).to(self.dtype)
        if isinstance(self.encoder, BlockTransform):
            return self._given(self.encoder(unit)), TinyState(())
        latents, after = run_pieces(partial(self.run_encoder, self.encoder), in_pieces(unit, FRAMES_PER_LATENT), state)
        return self._given(latents), after

    def decode_raw(self, latents: Tensor, state: TinyState | None = None) -> tuple[Tensor, TinyState]:
        """Four frames from every latent, neither trimmed nor clamped."""
        if self.statistics is not None:
            latents = self.statistics.restore(latents)
        given = latents.to(next(self.decoder.parameters()).dtype)
        unit, after = run_pieces(partial(self.run_decoder, self.decoder), in_pieces(given, 1), state)
        unit = unit.float()
        if self.soft is not None:
            unit = unit + self.soft(latents.to(self.dtype))
        return unit * 2 - 1, after

    def _given(self, latents: Tensor) -> Tensor:
        """Latents as they are handed out."""
        return latents.float() if self.statistics is None else self.statistics.normalise(latents)


def run_layers(layers: nn.Sequential, video: Tensor, state: TinyState | None) -> tuple[Tensor, TinyState]:
    """[B, C, T, H, W] through per-frame layers; memory blocks take and leave their last frame."""
    batch = video.shape[0]
    x = rearrange(video, "b c t h w -> (b t) c h w")
    before = iter(state.last) if state is not None else None
    after = []
    for layer in layers:
        if isinstance(layer, MemoryBlock):
            x, last = layer(x, x.shape[0] // batch, next(before) if before is not None else None)
            after.append(last)
        else:
            x = layer(x)
    return rearrange(x, "(b t) c h w -> b c t h w", b=batch), TinyState(tuple(after))
