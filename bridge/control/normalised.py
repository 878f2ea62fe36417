"""Normalised controls: `/vace/n/scale` is `/vace/scale` as 0 to 1, for controllers whose every fader says that."""

from __future__ import annotations

from typing import Any

from .parameters import Accepted, Control, ControlError, ControlTable, Value
from .validation import Relative


def normalised_address(address: str) -> str:
    """`/vace/mask/feather` -> `/vace/n/mask/feather`."""
    root, _, rest = address[1:].partition("/")
    return f"/{root}/n/{rest}"


class NormalisedControl:
    """A control with a range as 0 to 1: numbers linearly, switches as 0 and 1, choices evenly over their order."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.address = normalised_address(control.address)
        self._unit = Control(self.address, "float", 0.0, control.doc, low=0.0, high=1.0)
        if control.type == "choice":
            self._low, self._high = 0.0, len(control.choices) - 1.0
        else:
            self._low, self._high = float(control.low or 0.0), 1.0 if control.high is None else float(control.high)

    def accept(self, value: Any) -> Accepted:
        """What the control should be set to, from 0 to 1. Clamps and says so; ControlError for what is no number."""
        accepted = self._unit.accept(value)
        meant = self._low + float(accepted.value) * (self._high - self._low)  # type: ignore[arg-type]
        return Accepted(self.control.accept(meant).value, accepted.report)

    def step(self, relative: Relative) -> Relative:
        """A step of so much of the range; ControlError where there are no steps."""
        if self.control.type not in ("float", "int"):
            raise ControlError(f"{self.address} is no number that could be raised or lowered")
        return Relative(relative.amount * (self._high - self._low))

    def of(self, value: Value) -> float:
        """Where in its range a value of the control lies."""
        place = self.control.choices.index(str(value)) if self.control.type == "choice" else float(value)  # type: ignore[arg-type]
        return (place - self._low) / ((self._high - self._low) or 1.0)


def normalised_controls(table: ControlTable) -> dict[str, NormalisedControl]:
    """Normalised forms of all controls that hold a value with a range, by their address."""
    ranged = (row for row in table if row.holds and _has_range(row))
    return {normalised.address: normalised for normalised in map(NormalisedControl, ranged)}


def _has_range(row: Control) -> bool:
    if row.type in ("float", "int"):
        return row.low is not None and row.high is not None
    return row.type in ("bool", "choice")
