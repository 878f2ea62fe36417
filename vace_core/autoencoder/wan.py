"""Wan2.1's video autoencoder: causal 3D convolutions, 8x8 in space, 4 in time, the first frame alone.

Modules hold no state. Every layer that looks back leaves its last input frames on a trail, in the order in which the
layers run; the next call takes them up again. So a video in pieces equals the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from .pieces import first_apart, require_pixels, run_pieces
from .statistics import Statistics

MULTIPLIERS = (1, 2, 4, 4)
TIMED = (False, True, True)
"""Which of the three changes of size halves (encoder) the frame rate too; the decoder mirrors it."""
BLOCKS = 2
HISTORY = 2
"""Frames that a convolution of three frames looks back."""


@dataclass(frozen=True)
class WanState:
    """The frames that each looking-back layer left, in the order of the layers."""

    left: tuple[Tensor, ...]

    def clone(self) -> WanState:
        return WanState(tuple(frames.clone() for frames in self.left))


@dataclass
class Trail:
    """One run through the layers: what they left last time (nothing at a stream's beginning) and leave now."""

    before: tuple[Tensor, ...] | None
    left: list[Tensor] = field(default_factory=list)

    @property
    def begins(self) -> bool:
        return self.before is None

    def extend(self, x: Tensor, keep: int) -> Tensor:
        """x [B, C, T, H, W] behind the `keep` frames before it, zeros at the beginning; leaves the last `keep`."""
        past = x.new_zeros((*x.shape[:2], keep, *x.shape[3:])) if self.before is None else self.before[len(self.left)]
        extended = torch.cat((past, x), dim=2)
        # A copy: a view would keep every layer's whole input alive until the next call.
        self.left.append(extended[:, :, -keep:].clone())
        return extended


class CausalConv(nn.Conv3d):
    """A convolution over three frames of which the last is the present; over one frame it looks at nothing else."""

    def __init__(self, channels: int, out: int, kernel: int = 3) -> None:
        super().__init__(channels, out, kernel, padding=(0, kernel // 2, kernel // 2))

    def run(self, x: Tensor, trail: Trail) -> Tensor:
        return self(x if self.kernel_size[0] == 1 else trail.extend(x, HISTORY))


class ChannelNorm(nn.Module):
    """RMS norm over channels (dim 1), of pictures (2 trailing dimensions) or videos (3)."""

    def __init__(self, channels: int, trailing: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels, *(1,) * trailing))

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=1) * x.shape[1] ** 0.5 * self.gamma


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            ChannelNorm(channels, 3),
            nn.SiLU(),
            CausalConv(channels, out),
            ChannelNorm(out, 3),
            nn.SiLU(),
            nn.Identity(),  # dropout, in training
            CausalConv(out, out),
        )
        self.shortcut = CausalConv(channels, out, 1) if channels != out else nn.Identity()

    def run(self, x: Tensor, trail: Trail) -> Tensor:
        return run_all(self.residual, x, trail) + self.shortcut(x)


class FrameAttention(nn.Module):
    """Self-attention within each frame, one head."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels, 2)
        self.to_qkv = nn.Conv2d(channels, channels * 3, 1)
        self.proj = nn.Conv2d(channels, channels, 1)

    def run(self, x: Tensor, trail: Trail) -> Tensor:
        batch, _, _, height, _ = x.shape
        pictures = rearrange(x, "b c t h w -> (b t) c h w")
        q, k, v = rearrange(self.to_qkv(self.norm(pictures)), "n (k c) h w -> k n 1 (h w) c", k=3)
        attended = functional.scaled_dot_product_attention(q, k, v)
        out = self.proj(rearrange(attended, "n 1 (h w) c -> n c h w", h=height))
        return x + rearrange(out, "(b t) c h w -> b c t h w", b=batch)


class Downsample(nn.Module):
    """Half the size, and, if timed, half the rate; a stream's first frame stays one frame."""

    def __init__(self, channels: int, timed: bool) -> None:
        super().__init__()
        self.resample = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(channels, channels, 3, stride=2))
        self.time_conv = nn.Conv3d(channels, channels, (3, 1, 1), stride=(2, 1, 1)) if timed else None

    def run(self, x: Tensor, trail: Trail) -> Tensor:
        x = per_frame(self.resample, x)
        if self.time_conv is None:
            return x
        begins = trail.begins
        extended = trail.extend(x, 1)
        return x if begins else self.time_conv(extended)


class Upsample(nn.Module):
    """Twice the size at half the channels, and, if timed, twice the rate; a stream's first frame stays one frame."""

    def __init__(self, channels: int, timed: bool) -> None:
        super().__init__()
        self.resample = nn.Sequential(
            nn.Upsample(scale_factor=2.0, mode="nearest-exact"), nn.Conv2d(channels, channels // 2, 3, padding=1)
        )
        self.time_conv = nn.Conv3d(channels, channels * 2, (3, 1, 1)) if timed else None

    def run(self, x: Tensor, trail: Trail) -> Tensor:
        if self.time_conv is not None:
            if trail.begins:
                # The first frame is not doubled, and later ones do not see it here: they look back at zeros.
                trail.extend(x.new_zeros((*x.shape[:2], HISTORY, *x.shape[3:])), HISTORY)
            else:
                x = rearrange(self.time_conv(trail.extend(x, HISTORY)), "b (k c) t h w -> b c (t k) h w", k=2)
        return per_frame(self.resample, x)


class Encoder(nn.Module):
    def __init__(self, dim: int, out: int) -> None:
        super().__init__()
        widths = [dim * m for m in (1, *MULTIPLIERS)]
        self.conv1 = CausalConv(3, widths[0])
        layers: list[nn.Module] = []
        for stage, (channels, following) in enumerate(zip(widths, widths[1:])):
            layers += [ResidualBlock(channels if n == 0 else following, following) for n in range(BLOCKS)]
            if stage < len(TIMED):
                layers.append(Downsample(following, TIMED[stage]))
        self.downsamples = nn.Sequential(*layers)
        self.middle = _middle(widths[-1])
        self.head = nn.Sequential(ChannelNorm(widths[-1], 3), nn.SiLU(), CausalConv(widths[-1], out))

    def run(self, x: Tensor, trail: Trail) -> Tensor:
        return run_all((self.conv1, *self.downsamples, *self.middle, *self.head), x, trail)


class Decoder(nn.Module):
    def __init__(self, dim: int, latent: int) -> None:
        super().__init__()
        widths = [dim * m for m in (MULTIPLIERS[-1], *reversed(MULTIPLIERS))]
        self.conv1 = CausalConv(latent, widths[0])
        self.middle = _middle(widths[0])
        layers: list[nn.Module] = []
        for stage, (channels, following) in enumerate(zip(widths, widths[1:])):
            entering = channels // 2 if stage else channels
            layers += [ResidualBlock(entering if n == 0 else following, following) for n in range(BLOCKS + 1)]
            if stage < len(TIMED):
                layers.append(Upsample(following, TIMED[-1 - stage]))
        self.upsamples = nn.Sequential(*layers)
        self.head = nn.Sequential(ChannelNorm(widths[-1], 3), nn.SiLU(), CausalConv(widths[-1], 3))

    def run(self, x: Tensor, trail: Trail) -> Tensor:
        return run_all((self.conv1, *self.middle, *self.upsamples, *self.head), x, trail)


class WanAutoencoder(nn.Module):
    """See the module's docstring. dim: the finest stage's width (96 as published). Key names are the published ones."""

    latent_channels = 16
    encoder_memory = 28
    """Latent frames that the encoder looks back, through all its convolutions, whatever its width."""

    def __init__(self, dim: int = 96) -> None:
        super().__init__()
        self.encoder = Encoder(dim, 2 * self.latent_channels)
        self.conv1 = CausalConv(2 * self.latent_channels, 2 * self.latent_channels, 1)
        self.conv2 = CausalConv(self.latent_channels, self.latent_channels, 1)
        self.decoder = Decoder(dim, self.latent_channels)
        self.statistics = Statistics()
        self.run_encoder, self.run_decoder = run_encoder, run_decoder

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights, and of the work; pixels and latents that go in and out are float32."""
        return self.conv1.weight.dtype

    def encode(self, pixels: Tensor, state: WanState | None = None) -> tuple[Tensor, WanState]:
        """Pixels [B, 3, F, H, W] in [-1, 1] -> latents [B, 16, f, H/8, W/8], normalised by its statistics.

        Without a state a stream begins: F = 1 + 4k. With the state that the last call gave, F = 4k. Other counts, and
        sizes that are no multiple of 8, raise ValueError.
        """
        require_pixels(pixels, begins=state is None)
        return run_pieces(partial(self.run_encoder, self), first_apart(pixels) if state is None else (pixels,), state)

    def decode(self, latents: Tensor, state: WanState | None = None) -> tuple[Tensor, WanState]:
        """Latents [B, 16, f, h, w] -> pixels [B, 3, F, 8h, 8w] in [-1, 1]; F = 4f - 3 at the beginning, else 4f."""
        pixels, state = self.decode_raw(latents, state)
        return pixels.clamp(-1.0, 1.0), state

    def decode_raw(self, latents: Tensor, state: WanState | None = None) -> tuple[Tensor, WanState]:
        """As `decode`, unclamped."""
        return run_pieces(partial(self.run_decoder, self), first_apart(latents) if state is None else (latents,), state)


def run_encoder(autoencoder: WanAutoencoder, pixels: Tensor, state: WanState | None) -> tuple[Tensor, WanState]:
    """Pixels to normalised latents, all frames alike: the first of a stream alone, later ones four to a latent."""
    trail = Trail(None if state is None else state.left)
    mean = autoencoder.conv1(autoencoder.encoder.run(pixels.to(autoencoder.dtype), trail)).chunk(2, dim=1)[0]
    return autoencoder.statistics.normalise(mean), WanState(tuple(trail.left))


def run_decoder(autoencoder: WanAutoencoder, latents: Tensor, state: WanState | None) -> tuple[Tensor, WanState]:
    """The way back, unclamped."""
    trail = Trail(None if state is None else state.left)
    restored = autoencoder.statistics.restore(latents).to(autoencoder.dtype)
    pixels = autoencoder.decoder.run(autoencoder.conv2(restored), trail).float()
    return pixels, WanState(tuple(trail.left))


def _middle(channels: int) -> nn.Sequential:
    return nn.Sequential(ResidualBlock(channels, channels), FrameAttention(channels), ResidualBlock(channels, channels))


LOOKING_BACK = (CausalConv, ResidualBlock, FrameAttention, Downsample, Upsample)


def run_all(layers: nn.Sequential | tuple[nn.Module, ...], x: Tensor, trail: Trail) -> Tensor:
    """Through layers in order; those that look back take up and leave their frames on the trail."""
    for layer in layers:
        x = layer.run(x, trail) if isinstance(layer, LOOKING_BACK) else layer(x)
    return x


def per_frame(layer: nn.Module, x: Tensor) -> Tensor:
    """A picture layer on every frame of [B, C, T, H, W]."""
    return rearrange(layer(rearrange(x, "b c t h w -> (b t) c h w")), "(b t) c h w -> b c t h w", b=x.shape[0])
