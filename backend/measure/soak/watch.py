"""Sees a show from outside, as its host and its controllers do: the output's frames, and what it says of itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import psutil

from backend.runtime import priority
from bridge.control.osc.packets import Argument, Message
from bridge.errors import BridgeError
from bridge.video.frames import Frame
from bridge.video.shared_memory import SharedMemorySource

from .judge import Judge, Limits, Loss, Picture, Switches
from .osc_client import ERROR, OscClient
from .show import Show

T = TypeVar("T")
SOURCE_FPS = 30.0
"""Of the steady source that trials restyle."""
POLL_SECONDS = 0.002
SAMPLE_SECONDS = 1.0
RENEW_SECONDS = 20.0
"""A subscription lives for a minute without a word."""
REOPEN_SECONDS = 0.05
STATUS = "/vace/status"
ENGINE = "/vace"
"""The address of faults that no control is to blame for."""
WELL = ("running", "recording")
"""States in which nothing is wrong."""
SWITCHES = ("/vace/blackout", "/vace/freeze", "/vace/bypass")


@dataclass
class Told:
    """Something that the program said of itself."""

    when: float
    what: str


@dataclass
class Seen:
    """What came out up to now; times are of the monotonic clock."""

    frames: int = 0
    last_frame: float = 0.0
    tick: int = -1
    """The number of the last frame, which is its tick's."""
    lives: list[float] = field(default_factory=list)
    """When the output began, and when it began anew: its ticks count from zero again."""
    longest_gap: float = 0.0
    source_number: int = -1
    """The highest number of an input's frame that was seen restyled."""
    latency: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    states: list[Told] = field(default_factory=list)
    """Only where it changed."""
    faults: list[Told] = field(default_factory=list)
    values: dict[str, tuple[Argument, ...]] = field(default_factory=dict)
    """The controls, by address."""
    fresh: list[tuple[float, int]] = field(default_factory=list)
    """When a restyled frame of a later input came than any before, and which; since the last call of `mark`."""

    @property
    def state(self) -> str:
        return self.states[-1].what if self.states else "starting"

    @property
    def well(self) -> bool:
        """Whether the state says that nothing is wrong."""
        return self.state in WELL


class Watch:
    """Watches from `with` to its end, in a thread of its own that goes before others.

    limits: the judge's, whose losses are those of the whole time, in seconds from `began`.
    """

    def __init__(self, show: Show, limits: Limits | None = None) -> None:
        self._show = show
        self.seen = Seen()
        self.began = time.monotonic()
        self._limits = limits
        self._judge: Judge | None = None
        self._newest = -1
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._renewed = self._sampled = 0.0
        self._output: SharedMemorySource | None = None
        self._observer = OscClient(show.osc)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._failure: Exception | None = None

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self.close()
        if self._failure is not None:
            raise RuntimeError("the watch itself failed, so nothing was proved") from self._failure

    def close(self) -> None:
        """Hear nothing more; `with` does it at its end."""
        self._observer.close()

    def losses(self) -> list[Loss]:
        """What the judge says of the time up to now, later losses last."""
        with self._lock:
            return [] if self._judge is None else self._judge.losses()

    @property
    def restyled(self) -> int:
        """Frames that were restyled, up to now."""
        return 0 if self._judge is None else self._judge.restyled

    def mark(self) -> float:
        """Begin to look anew for fresh frames; returns the moment."""
        with self._lock:
            self.seen.fresh = []
            self._newest = self.seen.source_number + int(self.seen.latency * SOURCE_FPS) + 1
            return time.monotonic()

    def renew(self) -> None:
        """Subscribe again: all values come anew, and this is not due again before RENEW_SECONDS."""
        self._renewed = time.monotonic()
        self._observer.send("/vace/subscribe")

    def fresh_after(self, moment: float, seconds: float) -> float | None:
        """Seconds from the last `mark`, at `moment`, to the first restyled frame of an input that came in after it.

        That an input came in later is known by its number: then the newest was as far ahead of the output's as the
        latency says.
        """
        newest = self._newest
        when = wait_until(lambda: next((when for when, number in self.seen.fresh if number > newest), None), seconds)
        return None if when is None else when - moment

    def known_after(self, moment: float, seconds: float) -> float | None:
        """Seconds from `moment` until the program said that something is wrong, by its state or by a fault."""

        def told() -> float | None:
            wrong = [state for state in self.seen.states if state.what not in WELL]
            return next(
                (each.when for each in sorted([*wrong, *self.seen.faults], key=_when) if each.when > moment), None
            )

        when = wait_until(told, seconds)
        return None if when is None else when - moment

    def _run(self) -> None:
        priority.raise_this_thread()  # so that a gap is the program's and not ours
        try:
            while not self._stopping.is_set():
                frame = self._read()
                now = time.monotonic()
                with self._lock:
                    if frame is not None:
                        self._note_frame(frame, now)
                    for message in self._observer.receive():
                        self._note(message, now)
                    if self._judge is not None:
                        self._judge.advance(now - self.began)
                if now - self._renewed > RENEW_SECONDS:
                    self.renew()
                if now - self._sampled > SAMPLE_SECONDS:
                    self._sampled = now
                    self._sample_memory()
        except Exception as failure:  # noqa: BLE001 - it is raised at the end of `with`
            self._failure = failure
        finally:
            if self._output is not None:
                self._output.close()

    def _read(self) -> Frame | None:
        """The next frame, if one comes soon; an output that is gone is opened again when it is back."""
        try:
            if self._output is None:
                self._output = SharedMemorySource(self._show.sink, 0, 0, 0)
            return self._output.read(POLL_SECONDS)
        except BridgeError:
            if self._output is not None:
                self._output.close()
                self._output = None
            self._stopping.wait(REOPEN_SECONDS)
            return None

    def _note_frame(self, frame: Frame, now: float) -> None:
        seen = self.seen
        picture = Picture.of(frame.pixels)
        if seen.frames:
            seen.longest_gap = max(seen.longest_gap, now - seen.last_frame)
        if not seen.lives or frame.number < seen.tick:
            seen.lives.append(now)
        seen.frames, seen.last_frame, seen.tick = seen.frames + 1, now, frame.number
        if self._judge is None:  # before the first frame there is no output that could be lost
            self._judge = Judge(now - self.began, self._limits)
        restyled = self._judge.restyled
        self._judge.frame(now - self.began, picture, frame.source_number)
        if self._judge.restyled > restyled:
            seen.source_number = frame.source_number
            seen.fresh.append((now, frame.source_number))

    def _note(self, message: Message, now: float) -> None:
        seen, arguments = self.seen, message.arguments
        if message.address == STATUS:
            state = str(arguments[0])
            if state != seen.state or not seen.states:
                seen.states.append(Told(now, state))
            seen.latency = float(arguments[3]) / 1000  # type: ignore[arg-type]
            if self._judge is not None:
                self._judge.state(now - self.began, state)
        elif message.address == ERROR:
            seen.faults.append(Told(now, " ".join(map(str, arguments))))
            if arguments[:1] == (ENGINE,) and self._judge is not None:  # a refused value is no reason for no frames
                self._judge.fault(now - self.began)
        else:
            seen.values[message.address] = arguments
            if message.address in SWITCHES and self._judge is not None:
                on = (bool(seen.values.get(address, (0,))[0]) for address in SWITCHES)
                self._judge.switches(now - self.began, Switches(*on))

    def _sample_memory(self) -> None:
        with suppress(psutil.Error):  # it is not there just now
            used = self._show.front().memory_info()
            self.seen.memory_mb.append((used.rss - getattr(used, "shared", 0)) / 2**20)  # shared is others', too


def wait_until(condition: Callable[[], T | None], seconds: float) -> T | None:
    """What `condition` gives as soon as that is something; None after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            return None
        time.sleep(0.01)
    return value


def _when(told: Told) -> float:
    return told.when
