"""Pixels to latents and back, as a stream; the state is passed in and handed back."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor


class Autoencoder(Protocol):
    """What a stream needs of an autoencoder. Pixels and latents are float32, whatever the weights are in.

    A call without a state begins a stream, whose first latent stands for one frame and every later one for four:
    encode takes 1 + 4k frames then, and 4k with the state of the last call (ValueError otherwise). States are
    immutable: each call hands back a new one.
    """

    latent_channels: int
    encoder_memory: int
    """Latent frames after which an encoder remembers nothing of what came before."""

    def encode(self, pixels: Tensor, state: Any | None = None) -> tuple[Tensor, Any]:
        """Pixels [B, 3, F, H, W] in [-1, 1] -> latents [B, C, f, H/8, W/8] as the transformer expects them."""
        ...

    def decode(self, latents: Tensor, state: Any | None = None) -> tuple[Tensor, Any]:
        """Latents [B, C, f, h, w] -> pixels [B, 3, F, 8h, 8w] in [-1, 1]."""
        ...


__all__ = ["Autoencoder"]
