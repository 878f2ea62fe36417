"""The weight of the past: attention multiplied before it is normalised."""

from __future__ import annotations

import math

import torch

from vace_core.memory.bias import past_bias
from vace_core.transformer.kernels import attend

PER_FRAME = 4


def test_all_but_the_first_of_the_earlier_frames_are_weighed() -> None:
    bias = past_bias([0, 1, 2, 3, 4, 5], range(3, 6), 0.3, 1, torch.zeros(1))
    assert bias is not None
    torch.testing.assert_close(bias.flatten(), torch.tensor([0.0, math.log(0.3), math.log(0.3), 0.0, 0.0, 0.0]))


def test_there_is_none_where_it_would_change_nothing() -> None:
    assert past_bias([0, 1, 2, 3], range(1, 4), 1.0, 1, torch.zeros(1)) is None
    assert past_bias([0, 1, 2], range(3), 0.3, 1, torch.zeros(1)) is None


def test_a_bias_multiplies_attention_before_it_is_normalised() -> None:
    generator = torch.Generator().manual_seed(0)
    queries, keys, values = torch.randn((3, 1, 2, 6 * PER_FRAME, 8), generator=generator)
    bias = past_bias(range(6), range(3, 6), 0.3, PER_FRAME, keys)
    weights = (queries @ keys.transpose(-1, -2) / 8**0.5).exp()
    weights[..., PER_FRAME : 3 * PER_FRAME] *= 0.3
    expected = weights / weights.sum(-1, keepdim=True) @ values
    torch.testing.assert_close(attend(queries, keys, values, bias), expected)
