"""Rotations that are put together from what is kept equal those that are computed anew, to the bit."""

from __future__ import annotations

import pytest
import torch

from vace_core.transformer.rope import KEPT, Rotary, rotate, rotation, runs

CPU = torch.device("cpu")
FAR = KEPT.stop


@pytest.mark.parametrize(
    "positions",
    [range(3), range(-3, 0), [0, 1, 2, 9, 10, 11, 3, 4, 5], [5], [1021, 1022, 1023], [FAR - 1, FAR], [FAR + 900]],
)
@pytest.mark.parametrize(("size", "head_dim"), [((23, 40), 128), ((4, 6), 24), ((1, 1), 32)])
def test_a_rotation_from_what_is_kept_equals_one_that_is_computed(
    positions: range, size: tuple[int, int], head_dim: int
) -> None:
    assert torch.equal(Rotary(*size, head_dim, CPU)(positions), rotation(positions, *size, head_dim, CPU))


def test_that_of_the_first_positions_is_made_once() -> None:
    kept = Rotary(4, 6, 24, CPU)
    assert kept.from_zero(4) is kept.from_zero(4)
    assert torch.equal(kept.from_zero(4), rotation(range(4), 4, 6, 24, CPU))


def test_tokens_in_half_precision_are_turned_in_float32_and_rounded_once() -> None:
    tokens = torch.randn((2, 3, 24, 24), generator=torch.Generator().manual_seed(0)).bfloat16()
    turn = rotation(range(5, 6), 4, 6, 24, CPU)
    assert torch.equal(rotate(tokens, turn), rotate(tokens.float(), turn).bfloat16())


def test_numbers_that_follow_each_other_are_one_run() -> None:
    assert list(runs([0, 1, 2, 9, 10, 3])) == [(0, 3), (9, 11), (3, 4)]
    assert list(runs([7])) == [(7, 8)]


def test_what_a_stream_made_is_good_for_training() -> None:
    """What is kept is shared by all, and a tensor of inference mode cannot take part in a backward pass."""
    kept = Rotary(2, 3, 12, torch.device("cpu"))
    with torch.inference_mode():
        turn = kept.from_zero(2)
    tokens = torch.ones((1, 1, 12, 12), requires_grad=True)
    rotate(tokens, turn).sum().backward()
    assert tokens.grad is not None
