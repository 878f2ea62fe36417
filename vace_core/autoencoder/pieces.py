"""Videos that go through an autoencoder piece by piece, its state carried on: how they are cut, and put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from ..constants import FRAMES_PER_LATENT, PIXELS_PER_LATENT

State = TypeVar("State")
Item = TypeVar("Item")


def run_pieces(
    run: Callable[[Tensor, State | None], tuple[Tensor, State]], pieces: Sequence[Tensor], state: State | None
) -> tuple[Tensor, State]:
    """What `run` makes of one piece after the other, each with the state after the last, and the state at the end.

    There must be a piece. Pieces and what they give are cut along the frames, dim 2.
    """
    made, state = run(pieces[0], state)
    if len(pieces) == 1:
        return made, state
    parts = [made]
    for piece in pieces[1:]:
        made, state = run(piece, state)
        parts.append(made)
    return torch.cat(parts, dim=2), state


def in_fours(frames: Sequence[Item]) -> list[Sequence[Item]]:
    """The frames of a chunk by the latent frame that they belong to; those of a stream's first chunk as they are."""
    if len(frames) % FRAMES_PER_LATENT:
        return [frames]
    return [frames[at : at + FRAMES_PER_LATENT] for at in range(0, len(frames), FRAMES_PER_LATENT)]


def in_pieces(video: Tensor, frames: int) -> tuple[Tensor, ...]:
    """On a processor so many frames at a time, as what goes from layer to layer then fits into its cache."""
    return video.split(frames, dim=2) if video.device.type == "cpu" else (video,)


def first_apart(video: Tensor) -> list[Tensor]:
    """The first frame of [B, C, F, H, W], and the others where there are any."""
    return [part for part in (video[:, :, :1], video[:, :, 1:]) if part.shape[2]]


def by_latent(pixels: Tensor, begins: bool) -> list[Tensor]:
    """The frames of [B, 3, F, H, W] that each latent frame stands for: four, or one where the stream begins."""
    parts = first_apart(pixels) if begins else [pixels]
    return [piece for part in parts for piece in part.split(FRAMES_PER_LATENT, dim=2)]


def require_pixels(pixels: Tensor, begins: bool) -> None:
    """ValueError unless there are 1 + 4k frames where a stream begins, 4k where it goes on, of sides divisible by 8."""
    frames, height, width = pixels.shape[2:]
    if begins and frames % FRAMES_PER_LATENT != 1:
        raise ValueError(f"a stream begins with 1 + 4k frames (1, 5, 9 ...), got {frames}")
    if not begins and (frames == 0 or frames % FRAMES_PER_LATENT):
        raise ValueError(f"a stream goes on with 4k frames (4, 8, 12 ...), got {frames}")
    if height % PIXELS_PER_LATENT or width % PIXELS_PER_LATENT:
        raise ValueError(f"height and width must be multiples of 8, got {height}x{width}")
