"""The 96-channel context of a chunk: inactive latent 16, reactive latent 16, packed mask 64 (paper, section 6).

Two streams with encoder states of their own: the inactive one shows what is preserved and grey elsewhere, the
reactive one what should be followed where pictures are generated. By Table 4 both states go on from chunk to chunk
for control, while with a mask the reactive stream starts afresh each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..autoencoder import Autoencoder
from ..constants import FRAMES_PER_LATENT
from .masks import pack_chunk_mask

CHANNELS = 96


@dataclass(frozen=True)
class EncodedStream:
    """Where one stream stands: the encoder's state, and what is known of a run of nothing but grey."""

    encoder: Any = None
    gray_latents: int = 0
    """Latent frames of pure grey encoded in a row up to now."""
    settled: Tensor | None = None
    """Latents of the last chunk, if it was grey; valid for ever once the encoder's memory holds nothing else."""


@dataclass(frozen=True)
class ContextState:
    """Both streams' states. Immutable: `encode_context` hands back the next one."""

    inactive: EncodedStream = field(default_factory=EncodedStream)
    reactive: EncodedStream = field(default_factory=EncodedStream)
    constant: Tensor | None = None
    """The last chunk's context, if nothing was given but references and both streams are settled: so is the next."""


def encode_context(
    autoencoder: Autoencoder,
    control: Tensor | None,
    source: Tensor | None,
    mask: Tensor | None,
    state: ContextState,
    gray: Tensor,
) -> tuple[Tensor, ContextState]:
    """Encode a chunk's controls to [B, 96, f, H/8, W/8].

    control, source [B, 3, F, H, W] in [-1, 1]; mask [B, 1, F, H, W] in 0..1, above one half = generate, None =
    generate everything. grey: zeros [B, 3, F, H, W], what a masked-out pixel shows.
    """
    if mask is None:
        keep, generate, before = None, control, state.reactive
    else:
        hard = (mask > 0.5).to(gray.dtype)
        frames = torch.lerp(gray if source is None else source, gray if control is None else control, hard)
        keep, generate = frames * (1 - hard), None if control is None else frames * hard
        before = state.reactive if generate is None and state.reactive.gray_latents else EncodedStream()
    inactive_latents, inactive = _go_on(autoencoder, keep, state.inactive, gray)
    reactive_latents, reactive = _go_on(autoencoder, generate, before, gray)
    still = mask is None and inactive is state.inactive and reactive is state.reactive
    if still and state.constant is not None and state.constant.shape[2] == inactive_latents.shape[2]:
        return state.constant, state
    if mask is None:
        rest = CHANNELS - 2 * inactive_latents.shape[1]
        packed = inactive_latents.new_ones((len(inactive_latents), rest, *inactive_latents.shape[2:]))
    else:
        packed = pack_chunk_mask(mask)
    context = torch.cat((inactive_latents, reactive_latents, packed), dim=1)
    return context, ContextState(inactive, reactive, context if still else None)


def encode_reference(autoencoder: Autoencoder, picture: Tensor) -> Tensor:
    """A picture [3, H, W] in [-1, 1] -> its context [1, 96, 1, H/8, W/8], encoded alone as a video of one frame.

    A reference has nothing to follow and nothing masked: its reactive and mask channels are zero.
    """
    latents = autoencoder.encode(picture[None, :, None])[0]
    rest = latents.new_zeros((1, CHANNELS - latents.shape[1], *latents.shape[2:]))
    return torch.cat((latents, rest), dim=1)


def _go_on(
    autoencoder: Autoencoder, frames: Tensor | None, before: EncodedStream, gray: Tensor
) -> tuple[Tensor, EncodedStream]:
    """The latents of a stream's next frames (None = all grey), and where it stands afterwards.

    Grey is not encoded again once the encoder remembers nothing else: its latents can no longer change.
    """
    if frames is not None:
        latents, encoder = encode_on(autoencoder, frames, before.encoder)
        return latents, EncodedStream(encoder)
    known = before.settled
    as_long = known is not None and known.shape[2] == gray.shape[2] // FRAMES_PER_LATENT
    if known is not None and as_long and before.gray_latents >= autoencoder.encoder_memory + known.shape[2]:
        return known, before
    latents, encoder = encode_on(autoencoder, gray, before.encoder)
    return latents, EncodedStream(encoder, before.gray_latents + latents.shape[2], latents)


def encode_on(autoencoder: Autoencoder, frames: Tensor, encoder: Any) -> tuple[Tensor, Any]:
    """Encode frames that go on from `encoder`, or, where it is None, that begin.

    A stream that begins in the middle of a show has 4k frames, not 1 + 4k: the encoder is then primed with its first
    frame, so that latent n still stands for frames 4n to 4n + 3 and both streams stay in step.
    """
    if encoder is None and frames.shape[2] % FRAMES_PER_LATENT == 0:
        _, encoder = autoencoder.encode(frames[:, :, :1])
    return autoencoder.encode(frames, encoder)
