"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable

PATIENCE = 60.0  # seconds; only a failing test waits that long


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Return as soon as `condition` is true; AssertionError after PATIENCE."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE:g} s for {what}"
        time.sleep(0.005)
