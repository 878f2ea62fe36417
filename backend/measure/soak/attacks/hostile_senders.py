"""Senders in shared memory whose frames have no rows, one channel or a size that nobody has, or that lie about it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import numpy as np

from bridge.video.frames import Frame
from bridge.video.ring import HEIGHT, LINE, FrameRing

from ..stage import Stage
from .attack import Attack

PERIOD_SECONDS = 1 / 30
LEAST_SIZE = (128, 192)
SHAPES: Mapping[str, tuple[int, int, int]] = {
    "frames of no rows": (0, 192, 3),
    "frames of no columns": (128, 0, 3),
    "frames of one channel": (128, 192, 1),
    "frames of two channels": (128, 192, 2),
    "frames of one pixel": (1, 1, 3),
    "frames of 20,000 columns and one row": (1, 20_000, 3),
    "frames of 6,000 x 6,000": (6000, 6000, 3),
}
FINE = frozenset({"frames of one pixel", "frames of 20,000 columns and one row", "frames of 6,000 x 6,000"})
"""They can be shown, and may be."""
LIES: Mapping[str, tuple[int, int, int]] = {
    "a header of -1 rows": (-1, -192, 3),
    "a header of 2**62 rows": (2**62, 192, 3),
    "a header of 2**62 channels": (1, 1, 2**62),
}
CONTROLS = ("/vace/source", "/vace/mask/source", "/vace/control/source")


def sender_attacks() -> Iterator[Attack]:
    """Each of them as source, as mask and as control."""
    for address in CONTROLS:
        for name, shape in SHAPES.items():
            yield _attack(f"{address}: {name}", address, _frames_of(shape), name in FINE, shape[:2])
        for name, header in LIES.items():
            yield _attack(f"{address}: {name}", address, _lies_of(header), True)
        yield _attack(f"{address}: no frames at all", address, lambda ring: None, True)


def _attack(
    name: str,
    address: str,
    write: Callable[[FrameRing], object],
    optional: bool,
    size: tuple[int, int] = LEAST_SIZE,
) -> Attack:
    """optional: whether it may be taken without a word. size: (height, width) that the ring has room for, at least."""
    ring = f"vacesoak{secrets.token_hex(4)}"
    return Attack(
        name,
        lambda stage: stage.sender.send(address, f"shm:{ring}"),
        address,
        told=not optional,
        around=lambda stage: _sending(ring, write, size),
    )


@contextmanager
def _sending(name: str, write: Callable[[FrameRing], object], size: tuple[int, int]) -> Iterator[None]:
    """A ring of that name that is written again and again until the end."""
    stopping = threading.Event()
    with FrameRing.create(name, 2, max(size[0], LEAST_SIZE[0]), max(size[1], LEAST_SIZE[1])) as ring:

        def keep_writing() -> None:
            while not stopping.wait(PERIOD_SECONDS):
                write(ring)

        thread = threading.Thread(target=keep_writing, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


def _frames_of(shape: tuple[int, int, int]) -> Callable[[FrameRing], object]:
    pixels = np.full(shape, 128, np.uint8)
    return lambda ring: ring.write(Frame(pixels, ring.written, 0.0))


def _lies_of(header: tuple[int, int, int]) -> Callable[[FrameRing], object]:
    """Writes a frame, then another size into its slot's header."""
    write = _frames_of((128, 192, 3))

    def lie(ring: FrameRing) -> None:
        write(ring)
        for slot in range(ring.slots):
            place = (LINE + slot * (-(-ring.slot_bytes // LINE) + 1) * LINE) // 8
            ring._words[place + HEIGHT : place + HEIGHT + 3] = header  # what a program that is not ours may do

    return lie


def remove_rings(stage: Stage) -> str | None:
    """Remove the show's own segments from the system, as a log-out may, then kill the engine, which needs them again.

    Returns what was lost.
    """
    for path in stage.show.rings():
        with suppress(OSError):
            path.unlink()
    moment = stage.watch.mark()
    engine = stage.show.engine()
    if engine is not None:
        engine.kill()
    return None if stage.watch.fresh_after(moment, RINGS_SECONDS) else f"no fresh frame in {RINGS_SECONDS:g} s"


RINGS_SECONDS = 60.0
