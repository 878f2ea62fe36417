"""Sparse activation: each head takes the frames whose mean key is nearest to its mean query."""

from __future__ import annotations

import torch

from vace_core.memory.sparse import top_k_frames

PER_FRAME = 2


def frames(*values: float) -> torch.Tensor:
    """One head's keys [N, 1], `PER_FRAME` tokens a frame, around a value each."""
    return torch.tensor([[value + offset] for value in values for offset in (-0.1, 0.1)])


def test_each_head_takes_its_own_frames() -> None:
    queries = torch.tensor([[[[0.5], [1.5]], [[-0.5], [-1.5]]]])
    keys = torch.stack((frames(1, 5, 3), frames(1, 5, 3)))[None]
    chosen, values = top_k_frames(queries, keys, 10 * keys, PER_FRAME, 2)
    torch.testing.assert_close(chosen[0, 0], frames(5, 3))
    torch.testing.assert_close(chosen[0, 1], frames(1, 3))
    torch.testing.assert_close(values, 10 * chosen)
