"""Several prompts at once: what the text of `/vace/prompt/blend` says, and the crossfader to another prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence

Blend = tuple[tuple[str, float], ...]
"""Prompts and their weights, which add up to 1: as `vace_core.text.Blend`, which the front must not import."""
MOST_PROMPTS = 8
EXAMPLE = '"gold" 0.7 "ice" 0.3'


def parse_blend(texts: Sequence[str]) -> Blend:
    """Prompts and weights by turns; the weights are scaled to add up to 1. () for none.

    Raises ValueError, with an example, where there is no weight after a prompt, it is negative or no finite number, all
    are 0, or there are more than MOST_PROMPTS.
    """
    if len(texts) % 2:
        raise ValueError(f"{texts[-1]!r} has no weight; send a weight after each prompt, such as {EXAMPLE}")
    if len(texts) > 2 * MOST_PROMPTS:
        raise ValueError(f"{len(texts) // 2} prompts at once are too many; send at most {MOST_PROMPTS}")
    weights: dict[str, float] = {}
    for prompt, text in zip(texts[::2], texts[1::2], strict=True):
        weights[prompt] = weights.get(prompt, 0.0) + _weight(prompt, text)
    total = sum(weights.values())
    if weights and total == 0.0:
        raise ValueError(f"all weights are 0; give one prompt more, such as {EXAMPLE}")
    return tuple((prompt, weight / total) for prompt, weight in weights.items())


def crossfaded(a: Blend, b: str, position: float) -> Blend:
    """`a` at 0, `b` at 1, both between; without a `b`, `a`. What weighs nothing is kept, so that it is encoded too."""
    if not b:
        return a
    weights = {prompt: (1.0 - position) * weight for prompt, weight in a}
    weights[b] = weights.get(b, 0.0) + position
    return tuple(weights.items())


def _weight(prompt: str, text: str) -> float:
    try:
        weight = float(text.replace(",", "."))
    except ValueError:
        weight = math.nan
    if not 0.0 <= weight <= 1e6:
        raise ValueError(f"{text!r} after {prompt!r} is no weight from 0 to 1000000; send pairs such as {EXAMPLE}")
    return weight
