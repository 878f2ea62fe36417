"""A list of cues: presets in the order of a show, each with its fade, and the time after which the next one follows."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import ControlError
from bridge.threads import GuardedThread

from ..controls.choices import LONGEST_FADE
from ..runtime.json_store import JsonStore
from ..runtime.shared_entries import SharedEntries
from .morph import Morph
from .presets import LET_GO, MAX_NAME, Presets

SAVE, REMOVE, LIST = "/vace/cue/save", "/vace/cue/remove", "/vace/cue/list"
GO, NEXT, BACK, STOP = "/vace/cue/go", "/vace/cue/next", "/vace/cue/back", "/vace/cue/stop"
MAX_CUES = 256
LONGEST_FOLLOW = 86400.0
"""Seconds."""
WAITS = ("", "-", "go")
"""In the place of a follow-on time: the next cue waits until somebody says go."""


@dataclass(frozen=True)
class Cue:
    """fade: seconds. follow: seconds from this cue to the next one, None if that waits for somebody to say go."""

    preset: str
    fade: float = 0.0
    follow: float | None = None

    @staticmethod
    def parse(texts: tuple[str, ...]) -> Cue:
        """("opening", "4", "30") -> Cue("opening", 4.0, 30.0). ControlError."""
        preset, fade, follow = (*texts, *("", "", "")[len(texts) :])[:3]
        return Cue(
            preset,
            _seconds(fade, "fade", LONGEST_FADE) if fade else 0.0,
            None if follow in WAITS else _seconds(follow, "follow-on time", LONGEST_FOLLOW),
        )

    @staticmethod
    def of_entry(entry: dict[str, Any]) -> Cue | None:
        """What the file holds; None for what somebody has written there that is no cue."""
        fade, follow = entry.get("fade", 0.0), entry.get("follow")
        if not isinstance(entry.get("preset"), str) or not _is_time(fade) or not (follow is None or _is_time(follow)):
            return None
        return Cue(entry["preset"], min(fade, LONGEST_FADE), follow)


class Cues:
    """Does what a mailbox's cue addresses ask, from now on. What waits for its time is done in a thread of its own.

    tell(address, reason) is told what a cue that followed by itself could not do.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        file: JsonStore,
        presets: Presets,
        morph: Morph,
        tell: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._presets, self._morph, self._tell, self._clock = presets, morph, tell, clock
        self._entries = SharedEntries(file)
        self._lock = threading.Lock()
        self.current = ""
        """The cue that was gone to last; "" before the first."""
        self._place = -1  # where it stood, should it be removed
        self._due: float | None = None  # when the next one follows
        self._changed = threading.Event()
        self._thread = GuardedThread("cues", self._run)
        mailbox.listen(SAVE, lambda texts, _: self._save(texts))  # type: ignore[arg-type]
        mailbox.listen(REMOVE, lambda name, _: self._remove(str(name)))
        mailbox.listen(GO, lambda name, _: self._go(str(name)))
        mailbox.listen(NEXT, lambda *_: self._move(1))
        mailbox.listen(BACK, lambda *_: self._move(-1))
        mailbox.listen(STOP, lambda *_: self._stop())

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stopping.set()
        self._changed.set()
        self._thread.stop()

    def write(self) -> None:
        """Bring what has been saved to disk, and here what other programs have saved. Raises OSError."""
        self._entries.write()

    def names(self) -> list[str]:
        """In the order of the list: those that are numbers by their size, then the others as they were first saved."""
        return sorted(self._cues(), key=_order)

    def step(self) -> float | None:
        """Go on to the next cue if its time has come; how long until the one after that, None if none follows."""
        with self._lock:
            due = self._due
            if due is None or self._clock() < due:
                return None if due is None else due - self._clock()
            self._due = None
        if self._place_of_current() + 1 < len(self.names()):
            try:
                self._move(1, due)
            except ControlError as reason:
                self._tell(NEXT, str(reason))
        with self._lock:
            return None if self._due is None else max(self._due - self._clock(), 0.0)

    def _run(self) -> None:
        while not self._thread.stopping.is_set():
            self._changed.wait(self.step())
            self._changed.clear()

    def _cues(self) -> dict[str, Cue]:
        found = {name: Cue.of_entry(entry) for name, entry in self._entries.snapshot().items()}
        return {name: cue for name, cue in found.items() if cue is not None}

    def _save(self, texts: tuple[str, ...]) -> None:
        name = texts[0].strip() if texts else ""
        if not name or name == LET_GO or len(name) > MAX_NAME:
            raise ControlError(
                f"{SAVE} takes a name of 1 to {MAX_NAME} characters, then the preset, the fade and the follow-on time; "
                f"got the name {name[:MAX_NAME]!r}"
            )
        cue = Cue.parse(texts[1:] or (name,))
        self._check_preset(cue.preset)
        if self._entries.get(name) is None and len(self._entries) >= MAX_CUES:
            raise ControlError(f"there are {MAX_CUES} cues already; {REMOVE} takes one out")
        self._entries.put(name, asdict(cue))

    def _remove(self, name: str) -> None:
        if name != LET_GO:
            self._entries.remove(self._meant(name))

    def _go(self, name: str) -> None:
        if name != LET_GO:
            self._fire(self._meant(name), self._clock())

    def _move(self, step: int, when: float | None = None) -> None:
        names = self.names()
        place = self._place_of_current() + step
        if not 0 <= place < len(names):
            where = "after" if step > 0 else "before"
            raise ControlError(
                f"there is no cue {where} {self.current!r}" if self.current else f"there are no cues; {SAVE} makes one"
            )
        self._fire(names[place], self._clock() if when is None else when)

    def _stop(self) -> None:
        with self._lock:
            self._due = None
        self._morph.stop_all()

    def _fire(self, name: str, when: float) -> None:
        """when: the moment that the follow-on time counts from."""
        cue = self._cues()[name]
        self._check_preset(cue.preset)
        place = self.names().index(name)
        with self._lock:
            self.current, self._place = name, place
            self._due = None if cue.follow is None else when + cue.follow
        self._changed.set()
        self._presets.go(cue.preset, cue.fade)

    def _place_of_current(self) -> int:
        """Where the current cue stands; if it was removed, the place before the one that has moved up."""
        names = self.names()
        return names.index(self.current) if self.current in names else self._place - 1 if self.current else -1

    def _meant(self, name: str) -> str:
        """The name of a cue by its name, or by its place in the list, from 1."""
        names = self.names()
        if name in names:
            return name
        if name.isdecimal() and 1 <= int(name) <= len(names):
            return names[int(name) - 1]
        raise ControlError(f"there is no cue {name[:MAX_NAME]!r}; {LIST} names them")

    def _check_preset(self, name: str) -> None:
        if name not in self._presets.names():
            raise ControlError(f"there is no preset {name[:MAX_NAME]!r} for a cue; /vace/preset/list names them")


def _order(name: str) -> tuple[int, float]:
    try:
        number = float(name)
    except ValueError:
        return 1, 0.0
    return (0, number) if math.isfinite(number) else (1, 0.0)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_FOLLOW


def _seconds(text: str, what: str, longest: float) -> float:
    try:
        seconds = float(text.replace(",", "."))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= longest:
        raise ControlError(f"{SAVE}: a {what} is 0 to {longest:g} seconds, got {text[:20]!r}")
    return seconds
