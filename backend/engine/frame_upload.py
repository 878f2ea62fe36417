"""Pictures on their way to the device: each goes there once a chunk, whoever asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vace_core.annotators.pixels import unpacked
from vace_core.autoencoder.pieces import in_fours


class FrameUpload:
    """Makes videos of pictures, on one device; the same pictures give the same video until `forget`.

    Pictures are copied as they came, RGB or RGBA, into one block of memory, and from there by one copy to the device,
    where an alpha is left out. Those of a chunk go four by four, so that the first can go before the last have come.
    `uploads` counts the pictures that went.
    """

    def __init__(self, device: torch.device | str) -> None:
        self._device = torch.device(device)
        self._pinned = self._device.type == "cuda"
        self._block = torch.empty(0, dtype=torch.uint8)
        self._known: list[tuple[list[np.ndarray], Tensor]] = []
        self.uploads = 0

    def __call__(self, pictures: Sequence[np.ndarray]) -> Tensor:
        """uint8 `[H, W, 3 or 4]` each, of one size -> `[1, 3, F, H, W]` float32 in [-1, 1]. There must be one."""
        for known, made in self._known:
            if len(known) == len(pictures) and all(map(_is, known, pictures)):
                return made
        fours = in_fours(pictures)
        made = torch.cat([self(four) for four in fours], dim=2) if len(fours) > 1 else self._upload(pictures)
        self._known.append((list(pictures), made))
        return made

    def forget(self) -> None:
        """The chunk is made: its pictures are let go."""
        self._known.clear()

    def _upload(self, pictures: Sequence[np.ndarray]) -> Tensor:
        height, width = pictures[0].shape[:2]
        channels = min(picture.shape[2] for picture in pictures)
        block = self._room(len(pictures), height, width, channels)
        for place, picture in zip(block.numpy(), pictures, strict=True):
            place[:] = picture[..., :channels]
        self.uploads += len(pictures)
        return unpacked(block.to(self._device, non_blocking=True))

    def _room(self, *shape: int) -> Tensor:
        """Memory for pictures. What is pinned torch keeps, and gives out again once all copies from it are done."""
        if self._pinned:
            return torch.empty(shape, dtype=torch.uint8, pin_memory=True)
        size = int(np.prod(shape))
        if self._block.numel() < size:
            self._block = torch.empty(size, dtype=torch.uint8)
        return self._block[:size].view(shape)


def _is(one: np.ndarray, other: np.ndarray) -> bool:
    return one is other
