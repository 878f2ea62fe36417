"""An autoencoder that works on one latent frame at a time: the same frames, with less memory at once."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from . import Autoencoder
from .pieces import by_latent, require_pixels, run_pieces


class InParts:
    """An `Autoencoder` that calls another once for each latent frame, and carries its state on.

    Both give the same but for rounding, and take each other's states, so that a stream may go over from one to the
    other between two calls. What the layers hand on is as large as one latent frame makes it, however many there are.
    """

    def __init__(self, autoencoder: Autoencoder) -> None:
        self._autoencoder = autoencoder
        self.latent_channels = autoencoder.latent_channels
        self.encoder_memory = autoencoder.encoder_memory

    def encode(self, pixels: Tensor, state: Any | None = None) -> tuple[Tensor, Any]:
        """As `Autoencoder.encode`."""
        require_pixels(pixels, begins=state is None)
        return run_pieces(self._autoencoder.encode, by_latent(pixels, begins=state is None), state)

    def decode(self, latents: Tensor, state: Any | None = None) -> tuple[Tensor, Any]:
        """As `Autoencoder.decode`."""
        return run_pieces(self._autoencoder.decode, latents.split(1, dim=2), state)
