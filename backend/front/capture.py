"""A source, read in a thread of its own into a ring: fitted to the stream's size, each frame with its own time."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bridge.errors import BridgeError
from bridge.threads import GuardedThread, described, report
from bridge.video.address import open_source
from bridge.video.file import Clip
from bridge.video.frames import Frame
from bridge.video.protocol import Source
from bridge.video.ring import FrameRing

from ..imaging.fitting import TOLD_CUT, fit_picture, lost
from ..imaging.stills import PictureError, is_still, read_still
from ..runtime.metrics import Rate
from ..runtime.worker import shared_worker
from .still_source import StillSource

log = logging.getLogger(__name__)

READ_SECONDS = 0.25
READ_PICTURE_SECONDS = 10.0
"""What reading a picture may take."""
REMEMBERED = 2048
"""Frames whose time is kept, to tell the latency of what is made from them."""
LOST_SECONDS = 1.0
"""Without a frame for this long, a source counts as lost."""
RETRY_SECONDS = (0.5, 5.0)
"""Between two attempts to open a source: at first, and at most; each time twice as long."""
REFUSED_SECONDS = 0.1
"""After a frame that can't be used, so that a sender of nothing else costs nothing."""
STOP_SECONDS = 5.0
"""A source that is still being opened after so long is left to end with the program."""
CAMERA_WIDTH = 640
"""Pixels. Cameras have no modes as small as a small model's frames; at least this is asked of them."""
DEFAULT_FPS = 30.0
RING_BYTES = 64 * 2**20
RING_SLOTS = (24, 64)


@dataclass(frozen=True)
class CaptureStatus:
    """Of one source; size is (height, width) as it comes, before fitting, (0, 0) before its first frame; cut is the
    share of it that is cut off."""

    uri: str
    fps: float
    size: tuple[int, int]
    cut: float
    lost: bool
    losses: int
    size_changes: int


class Capture:
    """Reads a source into a ring until stopped; opens the source again whenever it fails, in whatever way.

    ring: whoever gives it closes it, after on_end() was called, which happens in the thread when it ends. size is
    (height, width) of the stream. A source that is given is open already, so that a mistake in its address is told at
    the start; otherwise the thread opens it. on_trouble(reason) is called, from the thread, with what goes wrong;
    on_frame(when, number) with each frame, by the source's own number. fit: one of
    `fitting.FITS`.
    """

    def __init__(
        self,
        uri: str,
        ring: FrameRing,
        size: tuple[int, int],
        fps: float,
        on_trouble: Callable[[str], None],
        source: Source | None = None,
        on_frame: Callable[[float, int], None] = lambda when, number: None,
        on_end: Callable[[], None] = lambda: None,
        fit: str = "cover",
    ) -> None:
        self.uri = uri
        self.ring = ring
        self.has_frame = threading.Event()
        """Set once there is a frame in the ring."""
        self.opened = source is not None
        """Whether the source could be opened, at least once."""
        self._size = size
        self._fps = fps
        self._fit = fit
        self._on_trouble, self._on_frame, self._on_end = on_trouble, on_frame, on_end
        self._source = source
        self._wanted: str | None = None
        self._thread = GuardedThread(f"capture {uri}", self._run)
        self._rate = Rate()
        self._source_size = (0, 0)
        self._size_changes = 0
        self._losses = 0
        self._number = -1
        self._times = np.full(REMEMBERED, np.nan)
        self._last = time.monotonic()
        self._lost = False

    def start(self) -> Capture:
        self._thread.start()
        return self

    def stop(self, wait: bool = True) -> None:
        """End reading and close the source; `wait=False` does not wait for that."""
        self._thread.stopping.set()
        if wait:
            self._thread.stop(STOP_SECONDS)

    def status(self, now: float) -> CaptureStatus:
        """Rates are those of the seconds before `now`."""
        size, rate = self._source_size, self._rate.per_second(now)
        return CaptureStatus(self.uri, rate, size, self._cut(size), self._lost, self._losses, self._size_changes)

    def turn_to(self, uri: str) -> None:
        """Read another source from now on; one that can't be opened is told of, and the old one is kept."""
        self._wanted = uri

    @property
    def turning(self) -> bool:
        """Whether another source is asked for that has not been tried yet."""
        return self._wanted is not None

    def captured_at(self, number: int) -> float | None:
        """When the source gave the frame of that number, monotonic seconds; None if that is forgotten or never was."""
        known = 0 <= number <= self._number and self._number - number < REMEMBERED
        return float(self._times[number % REMEMBERED]) if known else None

    def _run(self) -> None:
        self._read_sources()
        self._on_end()

    def _read_sources(self) -> None:
        """Open and read one source after the other, until stopped. Whatever one of them raises, it is tried again."""
        pause, longest = RETRY_SECONDS
        stopping = self._thread.stopping
        while not stopping.is_set():
            self._turn()
            opened = time.monotonic()
            try:
                source, self._source = self._source or open_fitting(self.uri, self._size, self._fps, self._fit), None
                with source:
                    self.opened = True
                    self._read(source)
            except Exception as error:  # noqa: BLE001 - transports and decoders are others' code
                self._trouble(error)
            if time.monotonic() - opened > longest:
                pause = RETRY_SECONDS[0]
            if self._source is None:
                self._note_silence()
                stopping.wait(pause)
                pause = min(2 * pause, longest)

    def _read(self, source: Source) -> None:
        """Until stopped or turned to another source, or until this one raises that it is gone."""
        while not self._thread.stopping.is_set() and not self._turn():
            frame = source.read(READ_SECONDS)
            if frame is None:
                self._note_silence()
            elif reason := _unusable(frame.pixels):
                self._on_trouble(f"{self.uri} sends {reason}; send RGB or RGBA, 8 bits a channel")
                self._thread.stopping.wait(REFUSED_SECONDS)
                self._note_silence()
            else:
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        self._note_frame(frame)
        self._number += 1  # the source's own numbers begin again when it is opened again
        self._times[self._number % REMEMBERED] = frame.time
        self.ring.write(Frame(fit_picture(frame.pixels, *self._size, self._fit), self._number, frame.time))
        self.has_frame.set()

    def _turn(self) -> bool:
        """Open the source that is wanted now; whether there is another one to be read."""
        uri, self._wanted = self._wanted, None
        if uri is None or uri == self.uri:
            return False
        try:
            self._source = open_fitting(uri, self._size, self._fps, self._fit)
        except Exception as error:  # noqa: BLE001 - transports and decoders are others' code
            self._trouble(error, f"; {self.uri} is still the source")
            return False
        log.info("source: %s", self._source.describe())
        self.uri = uri
        return True

    def _trouble(self, error: Exception, more: str = "") -> None:
        """Say why a source can't be used; with where it was raised if it is nothing that a transport should raise."""
        if isinstance(error, BridgeError | PictureError):
            self._on_trouble(f"{error}{more}")
            return
        report(self._thread.name, error)
        self._on_trouble(f"the source can't be read ({described(error)}){more}")

    def _note_frame(self, frame: Frame) -> None:
        size, before = (frame.pixels.shape[0], frame.pixels.shape[1]), self._source_size
        if size != before:
            if before != (0, 0):
                self._size_changes += 1
                log.info("%s is now %dx%d, it was %dx%d", self.uri, size[1], size[0], before[1], before[0])
            self._source_size = size
            self._tell_what_is_cut_off(size)
        if self._lost:
            log.info("%s: frames come again", self.uri)
        self._lost, self._last = False, time.monotonic()
        self._rate.add(self._last)
        self._on_frame(frame.time, frame.number)

    def _tell_what_is_cut_off(self, size: tuple[int, int]) -> None:
        share = self._cut(size)
        if share > TOLD_CUT:
            log.warning(
                "%s is %dx%d and the output %dx%d: %.0f %% of it is cut off; --width, --height or --fit change that",
                *(self.uri, *size[::-1], *self._size[::-1], 100 * share),
            )

    def _cut(self, size: tuple[int, int]) -> float:
        return lost(size, self._size) if self._fit == "cover" and size != (0, 0) else 0.0

    def _note_silence(self) -> None:
        if not self._lost and time.monotonic() - self._last > LOST_SECONDS:
            self._lost = True
            self._losses += 1
            log.warning("%s: no frames; its last one is shown until they come again", self.uri)


def _unusable(pixels: np.ndarray) -> str:
    """What is wrong with a frame, whoever sent it; "" if nothing is."""
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape or pixels.dtype != np.uint8:
        return f"a frame of {'x'.join(map(str, pixels.shape)) or 'no size'} ({pixels.dtype})"
    return ""


def open_fitting(uri: str, size: tuple[int, int], fps: float, fit: str = "cover") -> Source:
    """Open a source for a stream of `size` (height, width), asking for what suits it.

    Raises BridgeError or PictureError.
    """
    height, width = size
    if uri.startswith("file:") and is_still(uri):
        return StillSource(uri.removeprefix("file:"), size, fit)
    if uri.startswith("camera:"):
        times = -(-CAMERA_WIDTH // width)
        height, width = height * times, width * times
    return open_source(uri, width, height, fps)


def source_rate(uri: str) -> float:
    """Frames per second that a source gives by itself, or 30 where that is not known before. Raises BridgeError."""
    return Clip(uri.removeprefix("file:")).rate if uri.startswith("file:") else DEFAULT_FPS


def source_size(uri: str) -> tuple[int, int] | None:
    """(height, width) of a source, None where that is not known before it is read. Raises BridgeError, PictureError."""
    if not uri.startswith("file:"):
        return None
    path = uri.removeprefix("file:")
    if is_still(uri):
        return shared_worker().call(still_size, path, seconds=READ_PICTURE_SECONDS)
    width, height = Clip(path).size
    return height, width


def still_size(path: str) -> tuple[int, int]:
    """(height, width) of a picture as it is shown."""
    height, width = read_still(path).shape[:2]
    return height, width


def make_ring(size: tuple[int, int], channels: int, slots: int | None = None) -> FrameRing:
    """A ring with a name of its own for frames of `size` (height, width); by default as deep as memory allows."""
    fewest, most = RING_SLOTS
    fitting = max(fewest, min(most, RING_BYTES // (size[0] * size[1] * channels)))
    return FrameRing.create(f"vace{secrets.token_hex(4)}", slots or fitting, *size, channels)
