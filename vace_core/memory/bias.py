"""Krea Realtime's attention bias: the past counts for less than the chunk being made, so that errors fade."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from ..transformer.rope import runs


def past_bias(
    remembered: Sequence[int], own: Sequence[int], weight: float, per_frame: int, like: Tensor
) -> Tensor | None:
    """log(weight) for the keys of every earlier latent frame but the first, 0 elsewhere: [1, 1, 1, N], `like` a buffer.

    Adding it to the logits multiplies attention by `weight` before it is normalised. None where it changes nothing.
    """
    past = [frame not in own and frame != min(remembered) for frame in remembered]
    if weight == 1.0 or not any(past):
        return None
    bias = like.new_zeros((1, 1, 1, len(past) * per_frame))
    for start, end in runs([n for n, is_past in enumerate(past) if is_past]):
        bias[..., start * per_frame : end * per_frame].fill_(math.log(weight))
    return bias
