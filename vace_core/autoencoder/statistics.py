"""The published statistics of Wan's 16 latent channels, by which the transformer's latents are normalised."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MEAN = (
    (-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508)
    + (0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921)
)  # fmt: skip
STD = (
    (2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743)
    + (3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160)
)  # fmt: skip


class Statistics(nn.Module):
    """Between latents [B, 16, f, h, w] as Wan's encoder leaves them and as the transformer expects them, in float32."""

    def __init__(self) -> None:
        super().__init__()
        # On the CPU, whatever the default: a module that is made without memory, to be filled, has these already.
        self.register_buffer("mean", torch.tensor(MEAN, device="cpu").view(1, -1, 1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD, device="cpu").view(1, -1, 1, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def normalise(self, latents: Tensor) -> Tensor:
        return (latents.float() - self.mean) / self.std

    def restore(self, latents: Tensor) -> Tensor:
        return latents * self.std + self.mean
