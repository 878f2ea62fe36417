"""When a chunk is tried again after some that failed."""

from __future__ import annotations

from ..controls.settings import Settings

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 5.0


class Retry:
    """At once after the first failure, then each time later; and at once when the settings change."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._until = 0.0
        self._settings: Settings | None = None

    def note_success(self) -> None:
        self._pause = self._until = 0.0

    def note_failure(self, now: float) -> None:
        self._until = now + self._pause
        self._pause = min(max(2 * self._pause, FIRST_SECONDS), LONGEST_SECONDS)
        self._settings = None

    def note_settings(self, settings: Settings) -> None:
        """What the controls say while nothing is tried."""
        if self._settings is not None and settings != self._settings:
            self._until = 0.0
        self._settings = settings

    def held(self, now: float) -> bool:
        """Whether it is too soon."""
        return now < self._until
