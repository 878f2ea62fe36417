"""Several prompts at once, weighted, and the way from one to another in a show's time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import torch
from torch import Tensor

Blend = tuple[tuple[str, float], ...]
"""Prompts and their weights, which add up to 1."""

REMEMBERED = 64
"""Prompts whose embedding is kept: a bank's, and those lately typed."""
SMALLEST_SINE = 1e-3
LEAST_WEIGHT = 0.01
"""A prompt that weighs less has gone."""


def blend_of(prompt: str | Blend) -> Blend:
    """A single prompt is a blend, too."""
    return ((prompt, 1.0),) if isinstance(prompt, str) else prompt


class Embeddings:
    """Prompts to embeddings [1, L, D], each prompt encoded once as long as it is among the last used.

    encode: one prompt -> [1, L, D]. Another thread may `know` a prompt ahead of the one that needs it.
    """

    def __init__(self, encode: Callable[[str], Tensor]) -> None:
        self._encode = encode
        self._known: OrderedDict[str, Tensor] = OrderedDict()
        self._lock = Lock()

    def __call__(self, blend: Blend, way: str = "linear") -> Tensor:
        """A blend's embeddings, mixed by weight: "linear" as their sum, "slerp" along the arc from each to the next."""
        (first, weight), *others = blend
        mixed, total = self.know(first), weight
        for prompt, share in others:
            total += share
            mixed = (slerp if way == "slerp" else torch.lerp)(mixed, self.know(prompt), share / total)
        return mixed

    def know(self, prompt: str) -> Tensor:
        """One prompt's embedding."""
        with self._lock:
            known = self._known.get(prompt)
        embedding = self._encode(prompt) if known is None else known
        with self._lock:
            self._known[prompt] = embedding
            self._known.move_to_end(prompt)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return embedding


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """From a to b (t = 0 to 1) along the arc between them, row by row of the last dimension; lengths change evenly.

    Rows that point the same way, the opposite way or nowhere (padding) have no arc and are mixed linearly.
    """
    start, end = a.float(), b.float()
    lengths = start.norm(dim=-1, keepdim=True), end.norm(dim=-1, keepdim=True)
    product = (lengths[0] * lengths[1]).clamp_min(torch.finfo(torch.float32).tiny)
    angle = ((start * end).sum(-1, keepdim=True) / product).clamp(-1.0, 1.0).acos()
    sine = angle.sin().clamp_min(SMALLEST_SINE)
    turned = ((1.0 - t) * angle).sin() * start * lengths[1] + (t * angle).sin() * end * lengths[0]
    arc = turned / (sine * product) * torch.lerp(*lengths, t)
    has_arc = (angle.sin() > SMALLEST_SINE) & (lengths[0] * lengths[1] > 0)
    return torch.where(has_arc, arc, torch.lerp(start, end, t)).to(a.dtype)


class Travel:
    """The way from the prompt in force to a new one, linear in time, which ends exactly at the new one.

    A prompt that changes on the way sets out from the blend that is in force then. The first prompt is there at once.
    Where only the weights of the same prompts change, they act at once: that is somebody's own fade.
    """

    def __init__(self) -> None:
        self._from: Blend = ()
        self._to: Blend = ()
        self._way = 1.0  # the part of it that is done

    def toward(self, prompt: str | Blend, fade: float, seconds: float) -> Blend:
        """The blend of the next chunk, `seconds` long, if the whole way takes `fade` seconds (0.0: a cut).

        prompt: where to; prompts of a blend that weigh 0 are left out of what comes back.
        """
        target = blend_of(prompt)
        if self._to and {text for text, _ in target} != {text for text, _ in self._to}:
            self._from, self._way = self._now(), 0.0
        self._to = target
        self._way = 1.0 if fade <= 0.0 else min(self._way + seconds / fade, 1.0)
        return self._now()

    def _now(self) -> Blend:
        if self._way >= 1.0:
            return tuple((prompt, weight) for prompt, weight in self._to if weight > 0.0)
        weights = {prompt: (1.0 - self._way) * weight for prompt, weight in self._from}
        for prompt, weight in self._to:
            weights[prompt] = weights.get(prompt, 0.0) + self._way * weight
        kept = {prompt: weight for prompt, weight in weights.items() if weight >= LEAST_WEIGHT}
        total = sum(kept.values())
        return tuple((prompt, weight / total) for prompt, weight in kept.items())
