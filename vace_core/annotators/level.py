"""A slowly moving level, so that what an annotator draws does not pump with every frame."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class RunningLevel:
    """An exponential mean over frames that starts at its first value. `memory` is its time constant in frames."""

    memory: float = 24.0
    value: float | None = field(default=None)

    def follow(self, new: float) -> float:
        """Take a frame's value in, and give the level for that frame."""
        self.value = new if self.value is None else self.value + (new - self.value) / self.memory
        return self.value

    def reset(self) -> None:
        """Forget; the next frame starts anew, as after a cut."""
        self.value = None
