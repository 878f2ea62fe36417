"""What is told of a chunk while it is made."""

from __future__ import annotations

from torch import Tensor


class Progress:
    """Told how far a chunk is, from within `Stream.step`, by the thread that makes it; this one does nothing with it.

    On a graphics card that is when the work of a stage is queued there, not when it is done.
    """

    def encoded(self) -> None:
        """The controls are encoded, and the chunk can be denoised."""

    def stepped(self) -> None:
        """A denoising step is done; in a stream batch, that of chunks that share a forward."""

    def denoised(self) -> None:
        """The latents are clean; they are decoded next."""

    def decoded(self, frames: Tensor, latents: Tensor) -> None:
        """The chunk's next frames [1, 3, F, H, W] in [-1, 1], in order; latents: all of the chunk's clean latents."""
