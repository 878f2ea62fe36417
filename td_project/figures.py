"""The figures of a show as channels: pure, so that it runs in TouchDesigner and in tests alike."""

from __future__ import annotations

import time

STATES = ("stopped", "starting", "running", "degraded", "stalled", "source lost", "restarting", "no output", "failed")
"""In the order of their numbers in the CHOP; any other state is -1."""


class Figures:
    """What the backend last said of itself, and where the beat is by now."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """As it is while nothing runs."""
        self._rates = {"output_fps": 0.0, "engine_fps": 0.0, "latency": 0.0, "tempo": 0.0}
        self._beat = self._heard = 0.0

    def take(self, output_fps: float, engine_fps: float, latency_ms: float, tempo: float, beat: float) -> None:
        """What a status says; beat: the place in the bar, from 1."""
        self._rates = {
            "output_fps": float(output_fps),
            "engine_fps": float(engine_fps),
            "latency": latency_ms / 1000.0,
            "tempo": float(tempo),
        }
        self._beat, self._heard = float(beat), time.monotonic()

    def channels(self, state: str, bar: float) -> dict[str, float]:
        """Frames a second, latency in seconds, tempo, the place in the bar from 1 (0: none), the number of the state.

        bar: beats in a bar.
        """
        beat = 0.0
        if self._beat:
            passed = (time.monotonic() - self._heard) * self._rates["tempo"] / 60.0
            beat = (self._beat - 1.0 + passed) % max(1.0, bar) + 1.0
        number = STATES.index(state) if state in STATES else -1
        return {**self._rates, "beat": beat, "state": float(number), "running": float(state == "running")}
