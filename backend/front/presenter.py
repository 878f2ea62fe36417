"""A frame on every tick, whatever the engine does: the output's clock and the switches that act at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bridge.clock_recovery import PeriodicClock
from bridge.threads import GuardedThread, survived
from bridge.video.frames import Frame

from ..runtime import priority
from ..runtime.metrics import Rate, Summary, Window
from .clock import Clock, SystemClock, Ticker
from .interpolation import FrameInterpolator
from .jitter_buffer import JitterBuffer

log = logging.getLogger(__name__)

STALL_SECONDS = 1.0
"""Once the engine's next frame is so late, the engine counts as stalled."""
TICK_PAUSE_SECONDS = 0.02
"""The longest pause of ticks after a fault."""
FADE_SECONDS = 0.5
"""From the last frame to what stands in for it, and back."""


@dataclass(frozen=True)
class OutputSettings:
    """What the next tick outputs, as controllers have it: switches that act at once, and how gaps in time are filled.

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
    """Which pixels are on the output: blackout before freeze, freeze before bypass, bypass before the engine's.

    Until the engine's first frame the source passes through, so the output is never dark for want of a model. An
    engine that has stalled is stood in for, faded in and out: `fade` is how far, 0.0 to 1.0.
    """

    def __init__(self, height: int, width: int) -> None:
        self._black = np.zeros((height, width, 3), np.uint8)
        self._unfrozen = self._black
        """Of the last tick that was not frozen."""

    def choose(
        self, settings: OutputSettings, restyled: np.ndarray | None, fade: float, source: Callable[[], Frame | None]
    ) -> np.ndarray:
        """RGB uint8 `[H, W, 3]`. restyled: the engine's pixels for this tick, None before its first frame.

        source: asked for the source's newest frame where that is needed.
        """
        if not settings.freeze:
            self._unfrozen = self._live(settings, restyled, fade, source)
        return self._black if settings.blackout else self._unfrozen

    def _live(
        self, settings: OutputSettings, restyled: np.ndarray | None, fade: float, source: Callable[[], Frame | None]
    ) -> np.ndarray:
        if settings.bypass or restyled is None:
            return self._source_pixels(source)
        if not fade or settings.stall == "hold":
            return restyled
        substitute = self._source_pixels(source) if settings.stall == "source" else self._black
        return cv2.addWeighted(restyled, 1.0 - fade, substitute, fade, 0.0)

    def _source_pixels(self, source: Callable[[], Frame | None]) -> np.ndarray:
        frame = source()
        return self._black if frame is None else frame.pixels[..., :3]


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
    idle_for: float
    """Seconds since the last tick, or since the start."""
    latency: float
    """Seconds from the source giving a frame to its restyled frame on the output, at the last tick; 0.0 before one."""
    tick_wait: float
    """Seconds of that from the moment at which the frame was due to its tick."""
    starved: int
    skipped: int
    mixed: int


class Presenter:
    """Runs the ticks in a thread of its own.

    arrived() gives the engine's frames since it was last called, oldest first. source() gives the source's newest
    frame, captured_at(number) the moment of one of its frames, None if that is forgotten. periodic() says when ticks
    are due, settings() what they output. Each of send(frame) hands the tick's frame to an output and must not wait.
    """

    def __init__(
        self,
        size: tuple[int, int],
        periodic: Callable[[], PeriodicClock],
        arrived: Callable[[], Iterable[Frame]],
        source: Callable[[], Frame | None],
        captured_at: Callable[[int], float | None],
        settings: Callable[[], OutputSettings],
        send: Sequence[Callable[[Frame], None]],
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._periodic, self._arrived, self._source, self._captured_at = periodic, arrived, source, captured_at
        self._output_settings, self._send = settings, send
        self._buffer = JitterBuffer(periodic().period)
        self._interpolator = FrameInterpolator()
        self._selector = OutputSelector(*size)
        self._pixels = np.zeros((*size, 3), np.uint8)
        """Of the last tick."""
        self._engine_pixels: np.ndarray | None = None
        self._fade = 0.0
        self._ticker = Ticker()
        self._thread = GuardedThread("presenter", self._run, pauses=(0.0, TICK_PAUSE_SECONDS))
        self._rate, self._distinct = Rate(), Rate()
        self._distinct_ms = Window(1024)
        self._last_distinct: tuple[int, float] | None = None
        self._ticks = 0
        self._missed = 0
        self._last_tick = self._clock.now()
        self._latency = self._tick_wait = 0.0
        self.tick_error_ms = Window(4096)
        self.last_frame: Frame | None = None
        """Of the last tick."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()
        self._interpolator.close()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def delay(self) -> float:
        """Seconds that the output plays behind the source now."""
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
            idle_for=now - self._last_tick,
            latency=self._latency,
            tick_wait=self._tick_wait,
            starved=self._buffer.starved,
            skipped=self._buffer.skipped,
            mixed=self._interpolator.mixed,
        )

    def _run(self) -> None:
        if not priority.raise_this_thread():
            log.info("ticks have no real-time priority here; a machine that is very busy may make some late")
        while not self._thread.stopping.is_set():
            periodic = self._periodic()
            due = self._ticker.next_due(self._clock.now(), periodic)
            self._clock.wait_until(due)
            self.tick(due, self._ticker.index, periodic.period)
            self._missed = self._ticker.missed

    def tick(self, due: float, number: int, period: float) -> None:
        """Send one frame, numbered as the tick is. period: seconds to the next one.

        Whatever a part raises is reported, and costs no more than that part: the last frame is sent again, and every
        output gets it.
        """
        now = self._clock.now()
        self.tick_error_ms.add(1000 * (now - due))
        with survived("presenter"):
            self._pixels = self._choose(due, now, period)
        current = self._buffer.current
        frame = self.last_frame = Frame(self._pixels, number, due, -1 if current is None else current.source_number)
        for send in self._send:
            with survived("presenter"):
                send(frame)
        self._ticks += 1
        self._last_tick = now
        self._rate.add(now)

    def _choose(self, due: float, now: float, period: float) -> np.ndarray:
        settings = self._output_settings()
        with survived("presenter"):  # also where this fails the switches act, and the source can be seen
            self._engine_pixels = self._restyled(due, now, period, settings)
        return self._selector.choose(settings, self._engine_pixels, self._fade, self._source)

    def _restyled(self, due: float, now: float, period: float, settings: OutputSettings) -> np.ndarray | None:
        """The engine's pixels for a tick, None before its first frame; measures how old they are."""
        buffer = self._buffer
        buffer.tick, buffer.least, buffer.interpolated = period, settings.latency, settings.between != "hold"
        fresh = list(self._arrived())
        buffer.receive(fresh, now)
        if settings.between == "flow" and fresh:
            self._interpolator.expect(fresh)
        frame = buffer.frame_at(due)
        stalled = buffer.overdue(due) > STALL_SECONDS
        self._fade = min(max(self._fade + (period if stalled else -period) / FADE_SECONDS, 0.0), 1.0)
        if frame is None:
            return None
        self._measure(frame, now)
        following, part = buffer.next_at(due)
        return self._interpolator.interpolate(settings.between, frame, following, part)

    def _measure(self, frame: Frame, now: float) -> None:
        captured = self._captured_at(frame.source_number)
        self._latency = now - (frame.time if captured is None else captured)
        if self._last_distinct is None or frame.number != self._last_distinct[0]:
            self._tick_wait = max(0.0, now - frame.time - self._buffer.delay)
            if self._last_distinct is not None:
                self._distinct_ms.add(1000 * (now - self._last_distinct[1]))
            self._last_distinct = (frame.number, now)
            self._distinct.add(now)
