"""Sizes of the pocket model's own parts; those of its transformer are `vace_core.config.POCKET`."""

from __future__ import annotations

from ..autoencoder.tiny import TinySizes

AUTOENCODER = TinySizes(encoder=0, decoder=(96, 64, 32), blocks=1, shuffle=True, period=2)
