"""Says of an output's frames when a show was lost: no restyled frames, a dark or frozen output, silence.

It decides from what it is given and never looks at a clock, so that a table of events tests it. A frame counts as
restyled where the engine's number of the input frame moved on and the picture changed with it: one that is held,
black, passed through before the engine's first or stood in for keeps that number.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

RESTYLING = frozenset({"running", "degraded", "recording"})
"""States of a show that promise restyled frames. Any other word is a reason for having none."""
UNIFORM_SPREAD = 2
"""Levels between the darkest and the brightest value of a channel, up to which a frame shows nothing."""


@dataclass(frozen=True)
class Limits:
    """Seconds after which something is a loss."""

    unexplained: float = 5.0
    """Without a restyled frame, or with the same picture, while nothing that was told explains it."""
    explained: float = 60.0
    """Without a restyled frame, whatever was told: longer than the longest start of the engine."""
    uniform: float = 5.0
    """Of frames that are black or of one colour, without a blackout."""
    gap: float = 0.2
    """Between two frames: longer would be seen as a stop, at any rate that a host may have."""


@dataclass(frozen=True)
class Picture:
    """What the judge needs to know of a frame's pixels."""

    digest: int
    uniform: bool = False
    """Whether it is black, or of one colour."""

    @classmethod
    def of(cls, pixels: np.ndarray) -> Picture:
        """pixels: uint8 `[H, W, 3 or 4]`; alpha is not looked at."""
        colour = np.ascontiguousarray(pixels[..., :3])
        spread = colour.max((0, 1)).astype(int) - colour.min((0, 1))
        return cls(zlib.crc32(colour.data), bool(spread.max() <= UNIFORM_SPREAD))


@dataclass(frozen=True)
class Switches:
    """What the one who plays the show has on."""

    blackout: bool = False
    freeze: bool = False
    bypass: bool = False


@dataclass(frozen=True)
class Loss:
    """kind: "gap", "restyled", "explained", "frozen" or "uniform". state: what the program said of itself then."""

    kind: str
    began: float
    ended: float
    state: str

    def __str__(self) -> str:
        return f"{LINES[self.kind].format(seconds=self.ended - self.began)} from {self.began:.1f} s, said {self.state}"


LINES = {
    "gap": "the output stood still for {seconds:.2f} s",
    "restyled": "no restyled frame for {seconds:.1f} s without a reason",
    "explained": "no restyled frame for {seconds:.1f} s, too long for any reason",
    "frozen": "the same picture for {seconds:.1f} s without a reason",
    "uniform": "black or one colour for {seconds:.1f} s without a blackout",
}


class _Spell:
    """For how long something has not been as it should be; longer than `limit` is a loss."""

    def __init__(self, kind: str, limit: float, began: float) -> None:
        self._kind, self._limit, self._since = kind, limit, began
        self.losses: list[Loss] = []

    def advance(self, now: float, state: str) -> None:
        """It goes on up to now."""
        if now - self._since <= self._limit:
            return
        if self.losses and self.losses[-1].began == self._since:
            self.losses[-1] = replace(self.losses[-1], ended=now)
        else:
            self.losses.append(Loss(self._kind, self._since, now, state))

    def end(self, now: float) -> None:
        """All is well now."""
        self._since = now


class Judge:
    """Told of an output's frames, of what the program says of itself and of the switches, in the order of time.

    Times are seconds of any one clock. A fault that the program tells explains what is missing for as long as
    `Limits.unexplained` from then on; a state outside RESTYLING does while it lasts.
    """

    def __init__(self, began: float, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._gap = _Spell("gap", limits.gap, began)
        self._restyled = _Spell("restyled", limits.unexplained, began)
        self._explained = _Spell("explained", limits.explained, began)
        self._frozen = _Spell("frozen", limits.unexplained, began)
        self._uniform = _Spell("uniform", limits.uniform, began)
        self._spells = (self._gap, self._restyled, self._explained, self._frozen, self._uniform)
        self._state, self._switches = "starting", Switches()
        self._picture: Picture | None = None
        self._source_number = -1
        self.frames = self.restyled = 0

    def frame(self, now: float, picture: Picture, source_number: int) -> None:
        """A frame was read from the output. source_number: as the frame has it, -1 before the engine's first."""
        self.advance(now)
        self.frames += 1
        self._gap.end(now)
        if not picture.uniform:
            self._uniform.end(now)
        changed = self._picture is None or picture.digest != self._picture.digest
        if changed:
            self._frozen.end(now)
        moved = source_number >= 0 and source_number != self._source_number
        if moved and changed and not picture.uniform and self._switches == Switches():
            self.restyled += 1
            self._restyled.end(now)
            self._explained.end(now)
        self._picture, self._source_number = picture, source_number

    def state(self, now: float, state: str) -> None:
        """The program said its state, again or anew."""
        self.advance(now)
        self._state = state

    def fault(self, now: float) -> None:
        """The program told a fault that explains why restyled frames are missing."""
        self.advance(now)
        self._restyled.end(now)
        self._frozen.end(now)

    def switches(self, now: float, switches: Switches) -> None:
        """The one who plays the show has set the switches so."""
        self.advance(now)
        self._switches = switches

    def advance(self, now: float) -> None:
        """Time has come to `now`, with all as it was told last. Call it now and then where no frames come."""
        explained, asked = self._state not in RESTYLING, self._switches != Switches()
        excused = {
            self._restyled: explained or asked,
            self._explained: asked,
            self._frozen: explained or self._switches.freeze or self._switches.blackout,
            self._uniform: self._switches.blackout,
        }
        for spell in self._spells:
            if excused.get(spell):
                spell.end(now)
            else:
                spell.advance(now, self._state)

    def losses(self) -> list[Loss]:
        """All up to now, by when they began. Those that go on end at the last moment that was told."""
        return sorted((loss for spell in self._spells for loss in spell.losses), key=lambda loss: loss.began)
