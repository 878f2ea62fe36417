"""The word for how the engine is doing, from what came of it."""

from __future__ import annotations

from dataclasses import dataclass

STATES = ("starting", "running", "degraded", "stalled", "restarting", "failed", "stopped")
STALLED = 2.0
"""Seconds without a chunk, beyond what is normal, after which the engine has stalled."""
LONG, LATE = 4.0, 1.2
"""But so many seconds without one are too long for a show, unless no chunk is quicker: then so many times that is."""
FIRST_CHUNK = 30.0
"""Seconds that the first chunk of all may take before that is a stall."""


@dataclass(frozen=True)
class EngineFacts:
    """Of one moment; seconds.

    failure: it can't be loaded at all. again: it lived before. ready: this life has loaded its model.
    waiting: it has no frame to make a chunk of. held: chunks failed, and it waits between its tries. chunks: good
    ones of this life. idle_for: since the last of them, since there was a frame to make one of, or since it was ready.
    normal: how long it usually is from one chunk to the next, at most; None before that is known. quickest: the least
    of the last ones, which a busy machine does not lengthen. degraded: what was given up.
    """

    stopped: bool
    failure: bool
    again: bool
    ready: bool
    waiting: bool
    held: bool
    chunks: int
    idle_for: float
    normal: float | None
    quickest: float | None
    degraded: str


def engine_state(facts: EngineFacts) -> str:
    """One of STATES."""
    if facts.failure:
        return "failed"
    if facts.stopped:
        return "stopped"
    begins = "restarting" if facts.again else "starting"
    if not facts.ready:
        return begins
    going = "degraded" if facts.degraded else "running"
    if facts.waiting or (facts.held and facts.degraded):
        return going
    allowed = _allowed(facts.normal, facts.quickest)
    if facts.chunks:
        return going if facts.idle_for <= allowed else "stalled"
    return begins if facts.idle_for <= max(allowed, FIRST_CHUNK) else "stalled"


def _allowed(normal: float | None, quickest: float | None) -> float:
    if normal is None or quickest is None:
        return FIRST_CHUNK
    return min(normal + STALLED, max(LONG, LATE * quickest))
