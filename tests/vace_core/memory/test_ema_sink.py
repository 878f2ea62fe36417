"""Reward Forcing's sink: the closed form, once a chunk, in float32."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.vace_core.small import ARCHITECTURE, LATENT, PER_FRAME, PIPELINE
from vace_core.memory import WindowMemory

RULE = replace(PIPELINE, window=9, sink=3, positions="window", sink_decay=0.9)
CHUNKS = 12


def fold(dtype: torch.dtype, steps: int, decay: float = 0.9) -> tuple[torch.Tensor, torch.Tensor]:
    """Values of the sink after chunks of constant value 1, 2, 3 ..., and what the formula says."""
    memory = WindowMemory(ARCHITECTURE, *LATENT, replace(RULE, sink_decay=decay))
    state = memory.init_state(1, "cpu", dtype)
    rows = torch.ones((1, ARCHITECTURE.heads, 3 * PER_FRAME, ARCHITECTURE.head_dim), dtype=dtype)
    for n in range(CHUNKS):
        for _ in range(steps):
            view = memory.begin(state, range(3 * n, 3 * n + 3))
            view.layers[0].attend(rows, rows, (n + 1) * rows)
    expected = torch.tensor(1.0)
    for left in range(2, CHUNKS - 1):  # the first is the sink, the last two are still in the window
        expected = decay * expected + (1 - decay) * left
    return state.layers[0].values[:, :, : 3 * PER_FRAME].float(), expected


@pytest.mark.parametrize("steps", [1, 4])
def test_the_sink_follows_what_leaves_once_a_chunk(steps: int) -> None:
    sink, expected = fold(torch.float32, steps)
    torch.testing.assert_close(sink, expected.expand_as(sink))


def test_in_bfloat16_it_still_follows_the_formula() -> None:
    sink, expected = fold(torch.bfloat16, 1, decay=0.999)
    assert expected > 1.03
    torch.testing.assert_close(sink, expected.expand_as(sink), atol=0.004, rtol=0)


def test_a_cloned_stream_folds_on_by_itself() -> None:
    memory = WindowMemory(ARCHITECTURE, *LATENT, RULE)
    state = memory.init_state(1, "cpu", torch.float32)
    rows = torch.ones((1, ARCHITECTURE.heads, 3 * PER_FRAME, ARCHITECTURE.head_dim))
    for n in range(5):
        memory.begin(state, range(3 * n, 3 * n + 3)).layers[0].attend(rows, rows, n * rows)
    before = state.layers[0].values.clone()
    other = state.clone()
    memory.begin(other, range(15, 18)).layers[0].attend(rows, rows, 50 * rows)
    torch.testing.assert_close(state.layers[0].values, before, atol=0, rtol=0)
    assert not torch.equal(other.layers[0].values, before)


def test_a_sink_that_chunks_cannot_be_folded_into_is_refused() -> None:
    with pytest.raises(ValueError, match=r"folded into a sink of a chunk's 3 frames.*not into 2 of 9"):
        replace(RULE, sink=2)
