"""Krea Realtime's attention bias: the past counts for less than the chunk being made, so that errors fade."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def past_bias(
    remembered: Sequence[int], own: Sequence[int], weight: float, per_frame: int, like: Tensor
) -> Tensor | None:
    """log(weight) for the keys of every earlier latent frame but the first, 0 elsewhere: [1, 1, 1, N], `like` a buffer.

    Adding it to the logits multiplies attention by `weight` before it is normalised. None where it changes nothing.
    """
    past = [frame not in own and frame != min(remembered) for frame in remembered]
    if weight == 1.0 or not any(past):
        return None
    frames = torch.tensor([math.log(weight) if is_past else 0.0 for is_past in past])
    return frames.repeat_interleave(per_frame)[None, None, None].to(like)
