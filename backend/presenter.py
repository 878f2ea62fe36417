"""A frame on every tick, whatever the engine does: the output's clock and the panic switches."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.video.frames import Frame

from . import priority
from .clock import Clock, SystemClock, Ticker
from .metrics import Rate, Summary, Window
from .playout import Playout

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Panic:
    """Switches that act on the next tick, whatever the engine does."""

    freeze: bool = False
    bypass: bool = False
    blackout: bool = False


class Screen:
    """Which picture is on the output: blackout before freeze, freeze before bypass, bypass before the engine's.

    Until the engine's first frame the source passes through, so the output is never dark for want of a model.
    """

    def __init__(self, height: int, width: int) -> None:
        self._black = np.zeros((height, width, 3), np.uint8)
        self._shown = self._black

    def choose(self, panic: Panic, made: Frame | None, source: Callable[[], Frame | None]) -> np.ndarray:
        """RGB `[H, W, 3]`. made: the engine's frame for this tick; source: asked for the newest input if need be."""
        if not panic.freeze:
            live = source() if panic.bypass or made is None else made
            self._shown = self._black if live is None else live.pixels[..., :3]
        return self._black if panic.blackout else self._shown


@dataclass(frozen=True)
class PresenterStatus:
    """Ticks so far, those that came too late to happen at all, and how exact the rest were; delay in seconds."""

    ticks: int
    missed: int
    fps: float
    tick_error_ms: Summary
    delay: float
    latency: float
    """From a frame being seen to its restyled picture being shown, as of the last tick; 0.0 before the first."""
    starved: int
    skipped: int


class Presenter:
    """Runs the ticks in a thread of its own.

    arrived() gives the engine's frames since it was last called, oldest first. source() gives the newest input frame.
    panic() gives the switches. show(frame) hands the tick's frame to the outputs and must not block.
    """

    def __init__(
        self,
        fps: float,
        size: tuple[int, int],
        arrived: Callable[[], Iterable[Frame]],
        source: Callable[[], Frame | None],
        panic: Callable[[], Panic],
        show: Sequence[Callable[[Frame], None]],
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._fps = fps
        self._arrived, self._source, self._panic, self._show = arrived, source, panic, show
        self._playout = Playout(1.0 / fps)
        self._screen = Screen(*size)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presenter", daemon=True)
        self._rate = Rate()
        self._ticks = 0
        self._missed = 0
        self._latency = 0.0
        self.tick_error_ms = Window(4096)
        self.latest: Frame | None = None
        """What was shown last."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def status(self, now: float) -> PresenterStatus:
        """Rates are those of the seconds before `now`."""
        return PresenterStatus(
            ticks=self._ticks,
            missed=self._missed,
            fps=self._rate.per_second(now),
            tick_error_ms=self.tick_error_ms.summary(),
            delay=self._playout.delay,
            latency=self._latency,
            starved=self._playout.starved,
            skipped=self._playout.skipped,
        )

    def _run(self) -> None:
        if not priority.raise_this_thread():
            log.info("ticks have no real-time priority here; a machine that is very busy may make some late")
        ticker = Ticker(self._fps, self._clock.now())
        while not self._stopping.is_set():
            due = ticker.next_due(self._clock.now())
            self._clock.wait_until(due)
            self.tick(due, ticker.index)
            self._missed = ticker.missed

    def tick(self, due: float, number: int) -> None:
        """Show one frame, numbered as the tick is."""
        now = self._clock.now()
        self.tick_error_ms.add(1000 * (now - due))
        self._playout.receive(self._arrived(), now)
        made = self._playout.frame_at(due)
        if made is not None:
            self._latency = now - made.time
        pixels = self._screen.choose(self._panic(), made, self._source)
        self.latest = Frame(pixels, number, due)
        for show in self._show:
            show(self.latest)
        self._ticks += 1
        self._rate.add(now)
