"""Who may set what: the one rule that the page, OSCQuery and OSC ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .parameters import Control

MaySet = Callable[[Control, Any, bool], str | None]
"""may_set(control, value, from_loopback): why it may not be set; None if it may."""


def dangerous_on_loopback(control: Control, _value: Any, from_loopback: bool) -> str | None:
    """What is dangerous is for this machine alone."""
    if control.dangerous and not from_loopback:
        return f"{control.address} can be set on the machine that runs the show alone, not from another"
    return None
