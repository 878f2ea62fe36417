"""The show's tempo: set, tapped, or taken from MIDI or Link; and the settings of chunks, which wait for the beat."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from bridge.control.link import LinkClock
from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlTable, Value
from bridge.control.tempo import MidiClock, Tempo
from bridge.video.protocol import BridgeError

from .quantise import Quantiser, Shown

TEMPO, SOURCE, TAP, DOWNBEAT = "/vace/tempo", "/vace/tempo/source", "/vace/tempo/tap", "/vace/tempo/downbeat"
BAR, QUANTISE, RESET = "/vace/tempo/bar", "/vace/tempo/quantise", "/vace/reset"
SOURCES = ("own", "midi", "link")
SHOWN_DIGITS = 1
"""Of a followed tempo, so that it is not sent to every controller all the time."""


class Beat:
    """Follows the tempo controls of a mailbox from now on. tell(address, reason) is told what can't be had."""

    def __init__(self, table: ControlTable, mailbox: Mailbox, tell: Callable[[str, str], None]) -> None:
        self.midi = MidiClock()
        self.tempo = Tempo(float(mailbox.get(TEMPO)), time.monotonic())  # type: ignore[arg-type]
        self._mailbox, self._tell = mailbox, tell
        self._link: LinkClock | None = None
        self._quantiser = Quantiser(table, self.tempo)
        self._resets: list[float] = []
        mailbox.listen(TEMPO, lambda bpm, when: self._set(float(bpm), when))  # type: ignore[arg-type]
        mailbox.listen(SOURCE, lambda source, _: self._take(str(source)))
        mailbox.listen(TAP, lambda _, when: self._tap(when))
        mailbox.listen(DOWNBEAT, lambda _, when: self.tempo.downbeat(when))
        mailbox.listen(RESET, lambda _, when: self._resets.append(when))
        self._take(str(mailbox.get(SOURCE)))

    def latch(self, shown: Shown) -> tuple[Mapping[str, Value], bool]:
        """The values that a chunk is made with, and whether to forget what was before it. shown: when it will be."""
        self.follow()
        grid, bar = str(self._mailbox.get(QUANTISE)), int(self._mailbox.get(BAR))  # type: ignore[arg-type]
        # Changes first: one that comes in between is then known by its value and not yet by its time, and goes through.
        changes = self._mailbox.since(0)
        values = self._quantiser.latch(self._mailbox.snapshot(), changes, grid, bar, shown)
        due = [when for when in self._resets if self._quantiser.is_due(when, grid, bar, shown)]
        self._resets = [when for when in self._resets if when not in due]
        return values, bool(due)

    def follow(self) -> None:
        """Take the beat of the outer clock, if one is wanted and there."""
        source = self._mailbox.get(SOURCE)
        outer = self.midi.beat if source == "midi" else self._link.beat if source == "link" and self._link else None
        if outer is not None:
            self.tempo.follow(outer)
            self._mailbox.set(TEMPO, round(self.tempo.bpm, SHOWN_DIGITS))

    def status(self, now: float) -> dict[str, object]:
        """For the page: tempo, place in the bar (from 1), and how many changes wait for it."""
        bar = int(self._mailbox.get(BAR))  # type: ignore[arg-type]
        return {
            "tempo": round(self.tempo.bpm, 2),
            "beat": round(self.tempo.beats_at(now) % bar + 1, 1),
            "waiting_for_the_beat": self._quantiser.pending + len(self._resets),
        }

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def _set(self, bpm: float, when: float) -> None:
        if abs(bpm - self.tempo.bpm) < 10**-SHOWN_DIGITS:  # it says what is followed or was tapped already
            return
        self.tempo.set(bpm, when)
        if self._link is not None and self._mailbox.get(SOURCE) == "link":
            self._link.set(bpm)

    def _tap(self, when: float) -> None:
        if self.tempo.tap(when):
            self._mailbox.set(TEMPO, round(self.tempo.bpm, 2))

    def _take(self, source: str) -> None:
        if source != "link" or self._link is not None:
            return
        try:
            self._link = LinkClock(self.tempo.bpm)
        except BridgeError as error:
            self._tell(SOURCE, str(error))
            self._mailbox.set(SOURCE, "own")
