"""Whether a show is all right, in one word for programs that watch it."""

from __future__ import annotations

from ..front.status import FrontStatus

COMING = ("starting", "restarting")
"""States of an engine that is about to make frames."""


def trouble(status: FrontStatus) -> str | None:
    """Why the show needs somebody; None while frames come out, and restyled ones do or are about to."""
    if not status.output_fps > 0:
        return "no frames come out"
    if status.state in COMING or status.engine_fps > 0:
        return None
    because = f"; the last fault: {status.last_fault}" if status.last_fault else ""
    return f"no restyled frames come, the state is '{status.state}'{because}"
