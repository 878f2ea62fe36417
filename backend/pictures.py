"""Still pictures that a show refers to by path: references and anchors, as tensors of the stream's size."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from .fitting import cover
from .stills import PictureError, read_still

KEPT = 32


class Pictures:
    """Loads pictures at the stream's size, and hands out the same tensor as long as a file stays the same."""

    def __init__(self, height: int, width: int, device: torch.device | str) -> None:
        self._size = (height, width)
        self._device = device
        self._loaded: dict[tuple[str, int], Tensor] = {}

    def load(self, path: str) -> Tensor:
        """`[3, H, W]` in [-1, 1], scaled and cut to cover the stream's size. Raises PictureError."""
        try:
            key = (path, Path(path).stat().st_mtime_ns)
        except OSError as error:
            raise PictureError(f"{path}: {error.strerror}; give the path of a picture file") from error
        if key not in self._loaded:
            fitted = torch.from_numpy(cover(read_still(path), *self._size))
            if len(self._loaded) >= KEPT:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[key] = fitted.to(self._device).permute(2, 0, 1).float() / 127.5 - 1.0
        return self._loaded[key]
