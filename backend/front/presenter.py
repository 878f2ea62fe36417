"""A frame on every tick, whatever the engine does: the output's clock and the switches that act at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bridge.clock_recovery import PeriodicClock
from bridge.video.frames import Frame

from ..runtime import priority
from ..runtime.metrics import Rate, Summary, Window
from .clock import Clock, SystemClock, Ticker
from .interpolation import FrameInterpolator
from .jitter_buffer import JitterBuffer

log = logging.getLogger(__name__)

STALL_SECONDS = 1.0
"""The engine's next frame is so late that its output counts as stalled."""
FADE_SECONDS = 0.5
"""From the last frame to what stands in for it, and back."""


@dataclass(frozen=True)
class OutputSettings:
    """What a tick should show, as controllers have it: switches that act on the next tick, and how time is filled.

    between: one of choices.INTERPOLATIONS; stall: one of choices.STALL_MODES; latency: at least so many seconds, 0.0
    as short as can be.
    """

    freeze: bool = False
    bypass: bool = False
    blackout: bool = False
    between: str = "hold"
    latency: float = 0.0
    stall: str = "hold"


class OutputSelector:
    """Which picture is on the output: blackout before freeze, freeze before bypass, bypass before the engine's.

    Until the engine's first frame the source passes through, so the output is never dark for want of a model. An
    engine that has stalled is stood in for, faded in and out: `fade` is how far, 0.0 to 1.0.
    """

    def __init__(self, height: int, width: int) -> None:
        self._black = np.zeros((height, width, 3), np.uint8)
        self._shown = self._black

    def choose(
        self, settings: OutputSettings, made: np.ndarray | None, fade: float, source: Callable[[], Frame | None]
    ) -> np.ndarray:
        """RGB `[H, W, 3]`. made: the engine's picture for this tick; source: asked for the newest input if need be."""
        if not settings.freeze:
            self._shown = self._live(settings, made, fade, source)
        return self._black if settings.blackout else self._shown

    def _live(
        self, settings: OutputSettings, made: np.ndarray | None, fade: float, source: Callable[[], Frame | None]
    ) -> np.ndarray:
        if settings.bypass or made is None:
            return self._input(source)
        if not fade or settings.stall == "hold":
            return made
        substitute = self._input(source) if settings.stall == "source" else self._black
        return cv2.addWeighted(made, 1.0 - fade, substitute, fade, 0.0)

    def _input(self, source: Callable[[], Frame | None]) -> np.ndarray:
        newest = source()
        return self._black if newest is None else newest.pixels[..., :3]


@dataclass(frozen=True)
class PresenterStatus:
    """Ticks so far, those that came too late to happen at all, and how exact the rest were; delay in seconds."""

    ticks: int
    missed: int
    fps: float
    tick_error_ms: Summary
    distinct_fps: float
    distinct_ms: Summary
    """Milliseconds from one of the engine's frames to the next one on the output: how even the motion is."""
    delay: float
    latency: float
    """From a frame being seen to its restyled picture being shown, as of the last tick; 0.0 before the first."""
    starved: int
    skipped: int
    mixed: int


class Presenter:
    """Runs the ticks in a thread of its own.

    arrived() gives the engine's frames since it was last called, oldest first. source() gives the newest input frame,
    seen_at(number) when an input frame was seen, None if that is forgotten. periodic() says when ticks are due,
    settings() what they show. show(frame) hands the tick's frame to the outputs and must not block.
    """

    def __init__(
        self,
        size: tuple[int, int],
        periodic: Callable[[], PeriodicClock],
        arrived: Callable[[], Iterable[Frame]],
        source: Callable[[], Frame | None],
        seen_at: Callable[[int], float | None],
        settings: Callable[[], OutputSettings],
        show: Sequence[Callable[[Frame], None]],
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._periodic, self._arrived, self._source, self._seen_at = periodic, arrived, source, seen_at
        self._output_settings, self._show = settings, show
        self._buffer = JitterBuffer(periodic().period)
        self._interpolator = FrameInterpolator()
        self._selector = OutputSelector(*size)
        self._fade = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presenter", daemon=True)
        self._rate, self._distinct = Rate(), Rate()
        self._distinct_ms = Window(1024)
        self._last_distinct: tuple[int, float] | None = None
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
        self._interpolator.close()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def delay(self) -> float:
        """Seconds from a moment of the input to its being shown, as playback stands now."""
        return self._buffer.delay

    def status(self, now: float) -> PresenterStatus:
        """Rates are those of the seconds before `now`."""
        return PresenterStatus(
            ticks=self._ticks,
            missed=self._missed,
            fps=self._rate.per_second(now),
            tick_error_ms=self.tick_error_ms.summary(),
            distinct_fps=self._distinct.per_second(now),
            distinct_ms=self._distinct_ms.summary(),
            delay=self._buffer.delay,
            latency=self._latency,
            starved=self._buffer.starved,
            skipped=self._buffer.skipped,
            mixed=self._interpolator.mixed,
        )

    def _run(self) -> None:
        if not priority.raise_this_thread():
            log.info("ticks have no real-time priority here; a machine that is very busy may make some late")
        ticker = Ticker()
        while not self._stopping.is_set():
            periodic = self._periodic()
            due = ticker.next_due(self._clock.now(), periodic)
            self._clock.wait_until(due)
            self.tick(due, ticker.index, periodic.period)
            self._missed = ticker.missed

    def tick(self, due: float, number: int, period: float) -> None:
        """Show one frame, numbered as the tick is. period: seconds to the next one."""
        now = self._clock.now()
        self.tick_error_ms.add(1000 * (now - due))
        settings = self._output_settings()
        made = self._made(due, now, period, settings)
        pixels = self._selector.choose(settings, made, self._fade, self._source)
        shown = self._buffer.shown
        self.latest = Frame(pixels, number, due, -1 if shown is None else shown.source_number)
        for show in self._show:
            show(self.latest)
        self._ticks += 1
        self._rate.add(now)

    def _made(self, due: float, now: float, period: float, settings: OutputSettings) -> np.ndarray | None:
        """The engine's picture for a tick, None before the first; measures how old it is."""
        buffer = self._buffer
        buffer.tick, buffer.least, buffer.bridging = period, settings.latency, settings.between != "hold"
        fresh = list(self._arrived())
        buffer.receive(fresh, now)
        if settings.between == "flow" and fresh:
            self._interpolator.expect(fresh)
        made = buffer.frame_at(due)
        stalled = buffer.overdue(due) > STALL_SECONDS
        self._fade = min(max(self._fade + (period if stalled else -period) / FADE_SECONDS, 0.0), 1.0)
        if made is None:
            return None
        self._note(made, now)
        following, part = buffer.next_at(due)
        return self._interpolator.picture(settings.between, made, following, part)

    def _note(self, made: Frame, now: float) -> None:
        seen = self._seen_at(made.source_number)
        self._latency = now - (made.time if seen is None else seen)
        if self._last_distinct is None or made.number != self._last_distinct[0]:
            if self._last_distinct is not None:
                self._distinct_ms.add(1000 * (now - self._last_distinct[1]))
            self._last_distinct = (made.number, now)
            self._distinct.add(now)
