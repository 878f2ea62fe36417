"""What a sender may set a control to: a value that it takes, naming nothing he may not, and that this show can do."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .media_folders import MediaFolders
from .parameters import Accepted, Control, ControlError, Value

LARGEST_STEP = 1e300
"""So that no value goes beyond what a number can hold."""


@dataclass(frozen=True)
class Relative:
    """Instead of a value: so much more than what it is now (less, if negative). Stops at the range's end."""

    amount: float


class Validation:
    """media: which files, addresses and devices may be named."""

    def __init__(self, media: MediaFolders) -> None:
        self._media = media
        self._checks: dict[str, list[Callable[[Value], object]]] = defaultdict(list)

    def add(self, address: str, check: Callable[[Value], object]) -> None:
        """Have check(value) called for each new value of the control at that address; it raises ControlError."""
        self._checks[address].append(check)

    def accept(self, control: Control, value: Any, here: bool, current: Value | None) -> Accepted:
        """ControlError for a value that the control does not take, or that this sender may not give it.

        here: whether he is on this machine. current: the value that the control has, None where it holds none.
        """
        accepted = control.convert(value)
        if reason := self._media.refusal(control, accepted.value, here):
            raise ControlError(reason)
        control.approve(accepted.value)
        self._check(control.address, accepted.value, current)
        return accepted

    def step(self, control: Control, relative: Relative, current: Value | None) -> Relative:
        """What can be added to any value of that control, at most LARGEST_STEP.

        ControlError if it is no number, if the amount is none, or if this show can't do the value that it leads to.
        """
        if control.type not in ("float", "int") or not control.holds:
            raise ControlError(f"{control.address} is no number that could be raised or lowered")
        if not math.isfinite(relative.amount):
            raise ControlError(f"{control.address} takes a finite step, got {relative.amount}")
        step = Relative(min(max(relative.amount, -LARGEST_STEP), LARGEST_STEP))
        if control.address in self._checks:
            self._check(control.address, control.convert(float(current) + step.amount).value, current)  # type: ignore[arg-type]
        return step

    def _check(self, address: str, value: Value, current: Value | None) -> None:
        """ControlError for a value that this show can't do. What is there already was let in before."""
        if address in self._checks and current != value:
            for check in self._checks[address]:
                check(value)
