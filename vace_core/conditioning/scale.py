"""The context scale over the context blocks and over the steps (paper, equation 1: alpha)."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SCALE = 2.0


@dataclass(frozen=True)
class ContextScale:
    """value 0 to MAX_SCALE; layers and steps: its factors at the first and the last one, even between (paper: 1, 1)."""

    value: float = 1.0
    layers: tuple[float, float] = (1.0, 1.0)
    steps: tuple[float, float] = (1.0, 1.0)

    def over(self, steps: int, layers: int) -> tuple[tuple[float, ...], ...]:
        """In each of so many steps, the scale of each context block."""
        return tuple(self.at(step, steps, layers) for step in range(steps))

    def at(self, step: int, steps: int, layers: int) -> tuple[float, ...]:
        """The scale of each context block in one of so many steps."""
        now = self.value * _between(self.steps, step, steps)
        return tuple(now * _between(self.layers, layer, layers) for layer in range(layers))


def _between(ends: tuple[float, float], place: int, count: int) -> float:
    return ends[0] + (ends[1] - ends[0]) * (place / (count - 1) if count > 1 else 0.0)
