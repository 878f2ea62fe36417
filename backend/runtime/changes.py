"""Whether something has changed since it was last looked at: for what is said or done once and not with every chunk."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class ChangeDetector(Generic[T]):
    """Remembers the value that it was given last. initial: the value that counts as having been there before."""

    def __init__(self, initial: T) -> None:
        self._initial = self._value = initial

    def update(self, value: T) -> bool:
        """Remember a value; whether it is another than the last one."""
        changed, self._value = value != self._value, value
        return changed

    def reset(self) -> None:
        """As if only the initial value had been there."""
        self._value = self._initial
