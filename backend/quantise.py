"""Changes that wait for the beat: each is let into the chunk whose pictures are shown at its grid point.

A chunk is the smallest thing that can have settings of its own, so a change shows within half a chunk of its beat.
What acts at once is never held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.control.mailbox import Change
from bridge.control.parameters import ControlTable, Value
from bridge.control.tempo import Tempo

GRIDS = ("off", "beat", "bar", "2 bars", "4 bars")
BARS = {"bar": 1, "2 bars": 2, "4 bars": 4}


@dataclass(frozen=True)
class Shown:
    """When a chunk's pictures will be on the output: seconds of the monotonic clock."""

    start: float
    end: float

    @property
    def middle(self) -> float:
        """What is due before this shows better in this chunk than in the next."""
        return (self.start + self.end) / 2


class Quantiser:
    """Holds the values that chunks are made with, which follow the wanted ones on the grid."""

    def __init__(self, table: ControlTable, tempo: Tempo) -> None:
        self._tempo = tempo
        self._held = [row.address for row in table if row.holds and row.acts != "at once"]
        self._force: dict[str, Value] = {}
        self.pending = 0
        """Changes that wait."""

    def latch(
        self, wanted: Mapping[str, Value], changes: Mapping[str, Change], grid: str, bar: int, shown: Shown
    ) -> dict[str, Value]:
        """The values of the next chunk. wanted: those of the mailbox, changes: who changed them when.

        grid: one of GRIDS; bar: beats of a bar; shown: when the chunk will be.
        """
        values = dict(wanted)
        self.pending = 0
        for address in self._held:
            if address in self._force and wanted[address] != self._force[address]:
                change = changes.get(address)
                if change is not None and not self.is_due(change.when, grid, bar, shown):
                    values[address] = self._force[address]
                    self.pending += 1
        self._force = {address: values[address] for address in self._held}
        return values

    def is_due(self, when: float, grid: str, bar: int, shown: Shown) -> bool:
        """Whether what was asked for at `when` belongs into a chunk."""
        if grid == "off":
            return True
        beats = BARS.get(grid, 1) * (1 if grid == "beat" else bar)
        return self._tempo.next_grid(when, beats) < shown.middle
