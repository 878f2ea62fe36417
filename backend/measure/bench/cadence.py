"""Rows of what a host sees: even motion at 60 Hz from an engine at 15, the true latency, what a transport costs."""

from __future__ import annotations

import multiprocessing
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from backend.engine.options import ModelOptions
from backend.front.arrivals import Arrivals
from backend.front.build import open_front
from backend.front.front import Front
from backend.front.jitter_buffer import MEMORY_SECONDS
from backend.front.options import RunOptions
from bridge.video import framecode
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing
from bridge.video.shared_memory import SharedMemorySource

from ..soak.fake_host import FakeHost

HOST_FPS, ENGINE_FPS = 60.0, 15.0
SIZE = (128, 192)
BRIDGE_SIZES = {"640x368": (368, 640), "1080p": (1080, 1920)}
SETTLE_SECONDS = MEMORY_SECONDS + 2.0
"""After which the latency of the first, slow chunks is forgotten."""
POLL_SECONDS = 0.001


def cadence_rows(pipeline: str, seconds: float) -> Iterator[dict[str, Any]]:
    """The rows that need the program running, then those of the bridge alone."""
    yield pacing_row(pipeline, seconds)
    yield latency_row(pipeline, seconds)
    for name, size in BRIDGE_SIZES.items():
        yield bridge_row(name, size, frames=300 if seconds > 10 else 20)


def pacing_row(pipeline: str, seconds: float) -> dict[str, Any]:
    """Milliseconds from one of the engine's frames to the next, at 60 Hz out; plain sends each chunk as it comes."""
    source, sink = (f"vacebench{secrets.token_hex(4)}" for _ in range(2))
    options = RunOptions(f"shm:{source}", (f"shm:{sink}",), ModelOptions(pipeline), fps=ENGINE_FPS)
    with FakeHost(source, HOST_FPS, SIZE), open_front(options) as front:
        _wait_for_chunks(front, 3)
        with SharedMemorySource(sink, 0, 0, 0) as output, FrameRing.attach(front.chunks.name) as ring:
            burst, ours = Intervals(), Intervals()
            arrivals = Arrivals(ring)
            time.sleep(min(SETTLE_SECONDS, seconds))
            arrivals.drain()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                frame = output.read(POLL_SECONDS)
                if frame is not None:
                    ours.add(frame.source_number, time.monotonic())
                for frame in arrivals.drain():
                    burst.add(frame.source_number, time.monotonic())
        status = front.status()
    return {
        "name": f"even motion, {HOST_FPS:g} Hz out, engine at {ENGINE_FPS:g}: spread of intervals",
        "plain_ms": burst.spread,
        "ours_ms": ours.spread,
        "ratio": round(burst.spread / max(ours.spread, 1.0), 1),
        "intervals_ms": ours.percentiles,
        "burst_intervals_ms": burst.percentiles,
        "output_fps": status.output_fps,
        "distinct_fps": status.distinct_fps,
        "clock": status.clock,
        "latency_ms": status.latency_ms,
    }


def latency_row(pipeline: str, seconds: float) -> dict[str, Any]:
    """A test card through the whole program into another process: its age when it comes out, by the code in its pixels.

    The strip with the code is masked, so it comes out as it went in while the rest of the picture is restyled.
    """
    sink = f"vacebench{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder:
        mask = Path(folder) / "strip.png"
        picture = np.full((*SIZE, 3), 255, np.uint8)
        picture[: framecode.strip_height(SIZE[1])] = 0
        cv2.imwrite(str(mask), picture)
        values = {"/vace/mask/source": str(mask), "/vace/mask/feather": 0.0}
        options = RunOptions("testcard:", (f"shm:{sink}",), ModelOptions(pipeline), *SIZE, fps=24.0, values=values)
        with open_front(options) as front:
            _wait_for_chunks(front, 3)
            time.sleep(min(SETTLE_SECONDS, seconds))
            ages, numbers, unread = _watched(sink, seconds)
            status = front.status()
    return {
        "name": "test card, end to end",
        "latency_ms": round(float(np.median(ages)), 1),
        "latency_p99_ms": round(float(np.percentile(ages, 99)), 1),
        "distinct_fps": round(len(numbers) / seconds, 2),
        "output_fps": status.output_fps,
        "engine_fps": status.engine_fps,
        "chunk_ms": status.chunk_ms,
        "reported_latency_ms": status.latency_ms,
        "unread": unread,
    }


def bridge_row(name: str, size: tuple[int, int], frames: int) -> dict[str, Any]:
    """A frame to another process and back into this one's hands: our ring, and a pipe that pickles it."""
    frame = Frame(np.random.default_rng(0).integers(0, 255, (*size, 4), np.uint8), 0, 0.0)
    with FrameRing.create(f"vacebench{secrets.token_hex(4)}", 4, *size, 4) as ring:

        def through_ring() -> None:
            ring.write(frame)
            ring.latest()

        ours = _milliseconds(through_ring, frames)
    here, there = multiprocessing.Pipe()
    echo = threading.Thread(target=_echo, args=(there, frames))
    echo.start()

    def through_pipe() -> None:
        here.send(frame)
        here.recv()

    plain = _milliseconds(through_pipe, frames)
    echo.join()
    return {
        "name": f"bridge, shared memory, {name} RGBA",
        "plain_ms": round(plain, 3),
        "ours_ms": round(ours, 3),
        "ratio": round(plain / ours, 2),
    }


class Intervals:
    """Milliseconds between frames that differ."""

    def __init__(self) -> None:
        self._shown: int | None = None
        self._last = 0.0
        self._values: list[float] = []

    def add(self, shows: int, now: float) -> None:
        if shows == self._shown:
            return
        if self._shown is not None:
            self._values.append(1000 * (now - self._last))
        self._shown, self._last = shows, now

    @property
    def percentiles(self) -> list[float]:
        """The 1st, 50th and 99th."""
        return [round(float(value), 1) for value in np.percentile(self._values or [0.0], (1, 50, 99))]

    @property
    def spread(self) -> float:
        """From the 1st to the 99th percentile."""
        low, _, high = self.percentiles
        return round(high - low, 1)


def _wait_for_chunks(front: Front, count: int) -> None:
    while front.status().chunks < count:
        if front.failure:
            raise RuntimeError(front.failure)
        time.sleep(0.1)


def _watched(sink: str, seconds: float) -> tuple[list[float], set[int], int]:
    """Ages in milliseconds of the frames of a ring as they come, their numbers, and how many had no readable code."""
    ages, numbers, unread = [], set(), 0
    with SharedMemorySource(sink, 0, 0, 0) as output:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            frame = output.read(POLL_SECONDS)
            if frame is None:
                continue
            code = framecode.read(frame.pixels)
            if code is None:
                unread += 1
                continue
            ages.append(1000 * code.age(time.monotonic()))
            numbers.add(code.number)
    return ages, numbers, unread


def _milliseconds(run: Callable[[], object], count: int) -> float:
    """The median of `count` runs."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - began))
    return float(np.median(times))


def _echo(connection, count: int) -> None:
    for _ in range(count):
        connection.send(connection.recv())
