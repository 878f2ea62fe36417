"""The show's tempo: set, tapped, or taken from MIDI or Link; and the settings of chunks, which wait for the beat."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlTable, Value
from bridge.control.tempo.link import LinkClock
from bridge.control.tempo.tempo import MidiClock, Tempo
from bridge.errors import BridgeError

from ..runtime.changes import ChangeDetector
from .quantise import DisplayTime, Quantiser

TEMPO, SOURCE, TAP, DOWNBEAT = "/vace/tempo", "/vace/tempo/source", "/vace/tempo/tap", "/vace/tempo/downbeat"
BAR, QUANTISE = "/vace/tempo/bar", "/vace/tempo/quantise"
RESET, ANCHOR = "/vace/reset", "/vace/anchor"
MOST_PRESSED = 64
"""Presses of one trigger that wait for their chunk; while there is no engine, older ones are forgotten."""
SHOWN_DIGITS = 1
"""Of a followed tempo, so that it is not sent to every controller all the time."""


class ShowTempo:
    """Follows the tempo controls of a mailbox from now on. tell(address, reason) is told what can't be had.

    A clock outside that is missing or stops takes nothing away: the beat goes on as it was, and can be set or tapped.
    clock: the mailbox's.
    """

    def __init__(
        self,
        table: ControlTable,
        mailbox: Mailbox,
        tell: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.midi = MidiClock()
        self.tempo = Tempo(float(mailbox.get(TEMPO)), clock())  # type: ignore[arg-type]
        self.source = "own"
        """Where the beat comes from now; not what is wanted, while that is missing."""
        self._mailbox, self._notify, self._clock = mailbox, tell, clock
        self._link: LinkClock | None = None
        self._quantiser = Quantiser(table, self.tempo)
        self._pressed: dict[str, deque[float]] = {name: deque(maxlen=MOST_PRESSED) for name in (RESET, ANCHOR)}
        self._missing = ChangeDetector(False)  # whether no MIDI clock is heard although one is wanted
        self._said: Value | None = None  # the followed tempo, as controllers were told it
        mailbox.listen(TEMPO, lambda bpm, when: self._set(float(bpm), when))  # type: ignore[arg-type]
        mailbox.listen(SOURCE, lambda source, _: self._use_source(str(source)))
        mailbox.listen(TAP, lambda _, when: self._tap(when))
        mailbox.listen(DOWNBEAT, lambda _, when: self._downbeat(when))
        for address, presses in self._pressed.items():
            mailbox.listen(address, lambda _, when, presses=presses: presses.append(when))
        self._use_source(str(mailbox.get(SOURCE)))

    def values_for(self, shown: DisplayTime) -> tuple[Mapping[str, Value], set[str]]:
        """The values that a chunk is made with, and which of RESET and ANCHOR it is for. shown: when it will be."""
        self.update()
        grid, bar = str(self._mailbox.get(QUANTISE)), int(self._mailbox.get(BAR))  # type: ignore[arg-type]
        window = self._quantiser.window(grid, bar, shown)
        # Values first, so that of each one that has changed it is also known when.
        wanted = self._mailbox.snapshot()
        values = self._quantiser.values_for(wanted, self._mailbox.since(0), window)
        happens = set()
        for address, presses in self._pressed.items():
            while presses and self._quantiser.is_due(presses[0], window):
                presses.popleft()
                happens.add(address)
        return values, happens

    def update(self) -> None:
        """Take the beat of the clock outside, if one is wanted and there."""
        wanted = str(self._mailbox.get(SOURCE))
        outer = None
        if wanted == "midi":
            outer = self.midi.beat(self._clock())
            if self._missing.update(outer is None) and outer is None:
                self._notify(SOURCE, "no MIDI clock is heard (--midi PORT opens an input); the beat goes on as it was")
        elif wanted == "link" and self._link is not None:
            outer = self._link.beat
        self.source = "own" if outer is None else wanted
        if outer is not None:
            self.tempo.track(outer)
            self._said = round(self.tempo.bpm, SHOWN_DIGITS)
            self._mailbox.set(TEMPO, self._said)

    def status(self, now: float) -> dict[str, Any]:
        """For the page: tempo, place in the bar (from 1), whose beat it is, and how many changes wait for it."""
        bar = int(self._mailbox.get(BAR))  # type: ignore[arg-type]
        return {
            "tempo": round(self.tempo.bpm, 2),
            "beat": math.floor(10 * (self.tempo.beats_at(now) % bar + 1) + 1e-6) / 10,
            "tempo_source": self.source,
            "waiting_for_the_beat": self._quantiser.pending + sum(map(len, self._pressed.values())),
        }

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def _set(self, bpm: float, when: float) -> None:
        if bpm == self._said:  # what is followed does not come back, rounded, as a new tempo
            return
        self._said = None
        self.tempo.set(bpm, when)
        if self._link is not None and self._mailbox.get(SOURCE) == "link":
            self._link.set(bpm)

    def _tap(self, when: float) -> None:
        if self.tempo.tap(when):
            self._mailbox.set(TEMPO, round(self.tempo.bpm, 2))

    def _downbeat(self, when: float) -> None:
        if self.source == "midi":
            self.midi.downbeat(when)
        elif self.source == "link" and self._link is not None:
            self._link.downbeat(when)
        else:
            self.tempo.downbeat(when)
            return
        self.update()

    def _use_source(self, source: str) -> None:
        self._missing.reset()
        if source != "link" or self._link is not None:
            return
        try:
            self._link = LinkClock(self.tempo.bpm)
        except BridgeError as error:
            self._notify(SOURCE, str(error))
            self._mailbox.set(SOURCE, "own")
