"""What a web server of ours has counted."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.counts import Count


@dataclass
class WebCounters:
    """Written by the server's thread alone; any thread may read."""

    connections: int = 0
    """Connections that ask, or may ask, for pages now."""
    websockets: int = 0
    """WebSockets that are open now."""
    answers: Count = 0
    """Requests that were answered, whatever the answer."""
    damaged: Count = 0
    """Requests that are no HTTP, or too long."""
    timed_out: Count = 0
    """Connections closed because a request, or the reading of its answer, took too long."""
    gave_way: Count = 0
    """Connections that were closed, without a request in hand, to make room for another."""
    not_let_in: Count = 0
    """Connections and WebSockets that there was no room for."""
    failed: Count = 0
    """Requests and WebSockets that ended in an error of the program."""
