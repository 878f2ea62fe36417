"""A stand-in for the host: a process that sends test cards through shared memory, steadily, or as badly as hosts do."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import numpy as np

from bridge.video import framecode
from bridge.video.frames import Frame
from bridge.video.shared_memory import SharedMemorySink

RATES = (15, 24, 25, 30, 50, 60, 90, 120)
SIZES = ((128, 192), (240, 320), (368, 640), (90, 160), (101, 203))
"""(height, width)."""
CALM_SECONDS = (2.0, 10.0)
"""Between two whims."""
PAUSE_SECONDS = (0.3, 8.0)
LONGEST_SLEEP = 0.02


class FakeHost:
    """Sends as `shm:NAME` from `with` to its end. seed: None sends steadily, a number has whims drawn from it.

    `whims` says afterwards how often it did what.
    """

    def __init__(self, name: str, fps: float, size: tuple[int, int], seed: int | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_send, args=(theirs, name, fps, size, seed), daemon=True)
        self.whims: Counter[str] = Counter()

    def __enter__(self) -> FakeHost:
        """Returns once frames can be received."""
        self._process.start()
        self._connection.recv()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._connection.send(None)
            self.whims = self._connection.recv()
        except (EOFError, OSError):
            pass  # it was killed
        self._process.join()


@dataclass
class Sender:
    """What it sends now, and where it stands."""

    name: str
    fps: float
    size: tuple[int, int]
    jitter: float = 0.0
    """Periods that a frame may be late."""
    number: int = 0
    sink: SharedMemorySink | None = None
    due: float = field(default_factory=time.monotonic)

    def open(self) -> None:
        self.sink = SharedMemorySink(self.name, self.size[1], self.size[0], self.fps)

    def close(self) -> None:
        if self.sink is not None:
            self.sink.close()
        self.sink = None

    def send(self) -> None:
        assert self.sink is not None
        picture = np.full((*self.size, 3), 60 + self.number % 100, np.uint8)
        now = time.monotonic()
        framecode.write(picture, self.number, now)
        self.sink.send(Frame(picture, self.number, now))
        self.number += 1


def _send(connection: Connection, name: str, fps: float, size: tuple[int, int], seed: int | None) -> None:
    """The process: a frame whenever one is due, a whim now and then, until told to end."""
    sender, whims, chance = Sender(name, fps, size), Counter[str](), random.Random(seed)
    sender.open()
    connection.send(None)
    calm = time.monotonic() + chance.uniform(*CALM_SECONDS)
    while not connection.poll():
        now = time.monotonic()
        if seed is not None and now >= calm:
            whim = chance.choice(tuple(WHIMS))
            whims[whim] += 1
            WHIMS[whim](sender, chance)
            calm = time.monotonic() + chance.uniform(*CALM_SECONDS)
        elif now >= sender.due:
            sender.send()
            sender.due = max(sender.due + 1 / sender.fps, now - 1 / sender.fps)
            if sender.jitter:
                time.sleep(chance.uniform(0, sender.jitter) / sender.fps)
        else:
            time.sleep(min(sender.due - now, LONGEST_SLEEP))
    connection.recv()
    sender.close()
    connection.send(whims)


def _pause(sender: Sender, chance: random.Random) -> None:
    time.sleep(chance.uniform(*PAUSE_SECONDS))
    sender.due = time.monotonic()


def _change_rate(sender: Sender, chance: random.Random) -> None:
    sender.fps = chance.choice(RATES)


def _change_size(sender: Sender, chance: random.Random) -> None:
    sender.size = chance.choice(SIZES)


def _restart(sender: Sender, chance: random.Random) -> None:
    sender.close()
    _pause(sender, chance)
    sender.number = 0
    sender.open()


def _stutter(sender: Sender, chance: random.Random) -> None:
    sender.jitter = chance.choice((0.0, 0.3, 0.8))


def _skip(sender: Sender, chance: random.Random) -> None:
    """Frames that the host made and nobody got."""
    sender.number += chance.randrange(1, 90)


WHIMS: dict[str, Callable[[Sender, random.Random], None]] = {
    "pause": _pause,
    "rate": _change_rate,
    "size": _change_size,
    "restart": _restart,
    "stutter": _stutter,
    "skip": _skip,
}
