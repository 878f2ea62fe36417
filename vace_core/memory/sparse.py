"""MemFlow's sparse memory activation: each head attends to the few remembered frames that concern it most."""

from __future__ import annotations

from torch import Tensor


def top_k_frames(queries: Tensor, keys: Tensor, values: Tensor, per_frame: int, count: int) -> tuple[Tensor, Tensor]:
    """The `count` frames whose mean key is nearest to the mean query, chosen for each head.

    queries [B, H, Nq, D], keys and values [B, H, frames * per_frame, D] -> keys, values [B, H, count * per_frame, D].
    """
    frames = keys.unflatten(2, (-1, per_frame))
    scores = (frames.mean(3) * queries.mean(2, keepdim=True)).sum(-1)
    wanted = scores.topk(count, dim=2).indices[..., None, None].expand(-1, -1, -1, *frames.shape[3:])
    return frames.gather(2, wanted).flatten(2, 3), values.unflatten(2, (-1, per_frame)).gather(2, wanted).flatten(2, 3)
