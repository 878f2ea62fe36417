"""All that changes as a stream runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from .conditioning import Conditions, ContextState
from .memory import StaggeredState, WindowState
from .nested import leaves
from .sampling.denoising import DenoisingState


@dataclass
class StreamState:
    """Clone it to go back to it, or to run on from it twice."""

    memory: WindowState
    """What attention remembers; of a stream batch, what its first row remembers."""
    history: Tensor
    """The last clean latents [1, C, window, h, w], oldest first; what a recache or a rebuilt memory is made from."""
    conditions: Conditions
    """What the last chunk was generated under; of a fresh stream, the initial strengths of the live LoRAs."""
    blend_moved: bool = False
    """Whether the last chunk began under another blend of prompts than the one before it, so that what is remembered
    was not read again under it."""
    context: ContextState = field(default_factory=ContextState)
    """The encoder's states for the context's two streams."""
    decoder: Any = None
    """The autoencoder's decoder state; like the encoder states it is replaced, never written to."""
    video: Any = None
    """The encoder's state for the video that chunks are made from; None where the last one was not."""
    recent_frames: Tensor | None = None
    """The last frames decoded [1, 3, F, H, W], where the memory is rebuilt: as far back as its oldest latent."""
    chunks: int = 0
    """How many have begun."""
    latent_frames: int = 0
    """How many the memory has taken in; of a stream batch, how many have begun."""
    unsettled: Tensor | None = None
    """Clean latents [1, C, f, h, w] of a chunk that the memory has not taken in yet."""
    denoising: list[DenoisingState] = field(default_factory=list)
    """Of a stream batch: the chunks that are on their way, the last entered first."""
    rows: StaggeredState | None = None
    """Of a stream batch: what each step's row remembers."""

    def remember(self, clean: Tensor) -> None:
        """The memory has taken in a chunk: clean latents [1, C, f, h, w]."""
        self.latent_frames += clean.shape[2]
        self.history = torch.cat((self.history[:, :, clean.shape[2] :], clean), dim=2)
        self.unsettled = None

    def clone(self) -> StreamState:
        """A copy that nothing done to this one can change. What is never written to is shared."""
        rows = None if self.rows is None else self.rows.clone()
        return replace(
            self,
            memory=self.memory.clone() if rows is None else rows.rows[0],
            denoising=[chunk.clone() for chunk in self.denoising],
            rows=rows,
        )

    def restored(self, other: StreamState) -> StreamState:
        """A copy of another one whose memory lies in the buffers of this one, which is no more."""
        if self.rows is None:
            self.memory.copy_from(other.memory)
        elif other.rows is not None:
            self.rows.copy_from(other.rows)
        denoising = [chunk.clone() for chunk in other.denoising]
        return replace(other, memory=self.memory, rows=self.rows, denoising=denoising)

    def nbytes(self) -> int:
        """Memory held by the tensors, each counted once."""
        storages = (tensor.untyped_storage() for tensor in leaves(self) if tensor is not None)
        return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
