"""Changes that wait for the beat: each is let into the chunk whose pictures are shown at its grid point.

A chunk is the smallest thing that can have settings of its own, so a change shows within half a chunk of its beat: of
the next one after it came that can still be reached. The moments that chunks answer for follow each other without a
gap (`Window`), so no grid point is missed when the latency changes, and none counts twice. What acts at once is never
held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.control.mailbox import Change
from bridge.control.parameters import ControlTable, Value
from bridge.control.tempo.tempo import Tempo

BARS = {"bar": 1, "2 bars": 2, "4 bars": 4}
SLACK_SECONDS = 1e-4
"""So that no grid point is lost to rounding where one chunk's moments end and the next one's begin."""


@dataclass(frozen=True)
class DisplayTime:
    """When a chunk's pictures will be on the output: seconds of the monotonic clock."""

    start: float
    end: float


@dataclass(frozen=True)
class Window:
    """The moments whose changes show better at a chunk's beginning than at any other's: after `start`, up to `end`.

    beats: those between two grid points; 0 without a grid.
    """

    start: float
    end: float
    beats: int


class Quantiser:
    """Holds the values that chunks are made with, which follow the wanted ones on the grid."""

    def __init__(self, table: ControlTable, tempo: Tempo) -> None:
        self._tempo = tempo
        self._held = [row.address for row in table if row.of_chunk]
        self._force: dict[str, Value] = {}
        self._came: dict[str, float] = {}
        self._reached: float | None = None

    @property
    def pending(self) -> int:
        """Changes that wait."""
        return len(self._came)

    def window(self, grid: str, bar: int, shown: DisplayTime) -> Window:
        """What the next chunk answers for; each chunk asks once. grid: one of choices.GRIDS; bar: beats of a bar."""
        half = (shown.end - shown.start) / 2
        start = shown.start - half if self._reached is None else self._reached
        end = shown.start + half
        self._reached = max(start, end)
        beats = 0 if grid == "off" else 1 if grid == "beat" else BARS[grid] * bar
        return Window(start, end, beats)

    def values_for(
        self, wanted: Mapping[str, Value], changes: Mapping[str, Change], window: Window
    ) -> dict[str, Value]:
        """The values of the next chunk. wanted: those of the mailbox, changes: who changed them when."""
        values = dict(wanted)
        for address in self._held:
            if address in self._force and wanted[address] != self._force[address]:
                # A fader that keeps moving waits since it began to, or its beat might never come.
                came = self._came.setdefault(address, changes[address].when)
                if not self.is_due(came, window):
                    values[address] = self._force[address]
                    continue
            self._came.pop(address, None)
        self._force = {address: values[address] for address in self._held}
        return values

    def is_due(self, came: float, window: Window) -> bool:
        """Whether what was asked for at `came` belongs into the window's chunk."""
        if not window.beats:
            return True
        return self._tempo.next_grid(max(came, window.start), window.beats) <= window.end + SLACK_SECONDS
