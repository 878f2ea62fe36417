"""What an attack is, and what the program should answer it with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from bridge.control.osc.packets import Argument

from ..stage import Stage

Value = tuple[Argument, ...]
"""A control's, as OSC arguments."""


@dataclass(frozen=True)
class Attack:
    """deliver: sends it. address: of the control that it is aimed at, "" for none.

    refused: whether it has to be told and the value stays; otherwise it may be taken, too, but not silently ignored.
    allowed: what the control may hold afterwards, besides what it held; None for anything. touches: further controls
    that may change. around: what has to be there meanwhile. check: what else has to be so, after it; its answer is
    what was lost. restarts: whether the engine may be started again for it.
    """

    name: str
    deliver: Callable[[Stage], object]
    address: str = ""
    refused: bool = False
    told: bool = False
    allowed: tuple[Value, ...] | None = None
    touches: tuple[str, ...] = ()
    around: Callable[[Stage], AbstractContextManager[object]] = lambda stage: nullcontext()
    check: Callable[[Stage], str | None] = lambda stage: None
    restarts: bool = False

    @property
    def must_tell(self) -> bool:
        return self.refused or self.told

    def judge(self, heard: bool, before: Value | None, after: Value | None) -> list[str]:
        """What was lost in the answer, a line each. heard: whether its sender was told."""
        if not self.address:
            return []
        lost = []
        changed = before != after
        if self.refused and changed:
            lost.append(f"{self.address} was left at {shortened(after)}")
        if not heard and (self.must_tell or not changed):
            lost.append("its sender was not told")
        if changed and not self.refused and self.allowed is not None and after not in self.allowed:
            lost.append(f"{self.address} became {shortened(after)}")
        return lost


def shortened(value: object) -> str:
    """A value as a line shows it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
