"""The ring of frames between processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video.frames import Frame, PixelFormat
from bridge.video.ring import HEIGHT, LINE, FrameRing, _in_use, sweep_left_behind

from .writer import SIZES, is_whole, painted, write_for_ever

SLOTS = 3
WAIT_SECONDS = 30.0


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    with FrameRing.create(_name(), SLOTS, *SIZES[0]) as ring:
        yield ring


def _name() -> str:
    return f"vt{uuid.uuid4().hex[:10]}"


def _run(script: str) -> subprocess.CompletedProcess[str]:
    """A program that has nothing to do with this one (and so has its own resource tracker)."""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_a_frame_comes_out_as_it_went_in(ring: FrameRing):
    pixels = np.arange(20 * 30 * 4, dtype=np.uint8).reshape(20, 30, 4)
    ring.write(Frame(pixels[:, ::-1], 7, 1.25))
    with FrameRing.attach(ring.name) as reader:
        frame = reader.latest()
    assert frame is not None
    assert (frame.number, frame.time, frame.format) == (7, 1.25, PixelFormat.RGBA)
    np.testing.assert_array_equal(frame.pixels, pixels[:, ::-1])


def test_before_the_first_frame_there_is_none(ring: FrameRing):
    assert ring.latest() is None
    assert ring.since(-1) == []
    assert ring.written == 0


def test_the_oldest_are_dropped(ring: FrameRing):
    for number in range(10):
        ring.write(painted(number))
        assert ring.latest().number == number  # type: ignore[union-attr]
    assert [frame.number for frame in ring.since(-1)] == [7, 8, 9]
    assert [frame.number for frame in ring.since(8)] == [9]
    assert ring.since(9) == []
    assert ring.written == 10


def test_a_copy_stays_what_it_was(ring: FrameRing):
    ring.write(painted(0))
    frame = ring.latest()
    for number in range(1, 2 * SLOTS):
        ring.write(painted(number))
    assert frame is not None
    assert is_whole(frame)


def test_no_reader_sees_a_torn_frame(ring: FrameRing):
    looks: list[tuple[int, list[int]]] = []
    end = time.monotonic() + WAIT_SECONDS
    with _writer(ring):
        # On a busy machine the writer may be asleep for many looks.
        while len(looks) < 150 or len({number for number, _ in looks}) <= 10:
            assert time.monotonic() < end, "the writer does not write"
            looks.append(_look(ring))
    latest = [number for number, _ in looks]
    assert latest == sorted(latest)
    for _, held in looks:
        assert held == sorted(set(held))
        assert len(held) <= SLOTS


@contextmanager
def _writer(ring: FrameRing) -> Iterator[None]:
    """Another process writes, and is killed in the end, in the middle of whatever it does."""
    writer = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(ring.name,), daemon=True)
    writer.start()
    try:
        end = time.monotonic() + WAIT_SECONDS
        while ring.written < SLOTS:
            assert time.monotonic() < end, "the writer does not write"
            time.sleep(0.001)
        yield
    finally:
        writer.kill()
        writer.join()


def _look(ring: FrameRing) -> tuple[int, list[int]]:
    """The numbers of what `latest` and `since` give while frames come."""
    latest, several = ring.latest(), ring.since(-1)
    assert latest is not None
    assert all(map(is_whole, [latest, *several]))
    return latest.number, [frame.number for frame in several]


def test_a_writer_killed_while_it_writes_leaves_a_ring_that_another_goes_on_with(ring: FrameRing):
    with _writer(ring):
        _look(ring)
    before = ring.written
    held = [frame.number for frame in ring.since(-1)]
    assert held in (
        [before - 3, before - 2, before - 1],
        [before - 2, before - 1],
    )  # the oldest may be half overwritten
    for number in range(before, before + SLOTS):
        ring.write(painted(number))
    frames = ring.since(-1)
    assert [frame.number for frame in frames] == [before, before + 1, before + 2]
    assert all(is_whole(frame) for frame in frames)


def test_a_reader_that_comes_and_goes_leaves_the_ring_alone(ring: FrameRing):
    ring.write(painted(5))
    script = (
        "from bridge.video.ring import FrameRing\n"
        f"ring = FrameRing.attach({ring.name!r})\n"
        "print(ring.latest().number)\n"
    )
    for ending in ("ring.close()", "import os; os._exit(1)", ""):
        ran = _run(script + "import sys; sys.stdout.flush()\n" + ending)
        assert ran.stdout.split() == ["5"]
        assert "Tracker" not in ran.stderr
        assert "leaked" not in ran.stderr
        with FrameRing.attach(ring.name) as reader:
            assert reader.latest() is not None


def test_the_owner_takes_the_ring_away_with_it():
    ring = FrameRing.create(_name(), 1, 8, 8)
    name = ring.name
    ring.close()
    ring.close()
    with pytest.raises(BridgeError, match=f"no shared memory '{name}'"):
        FrameRing.attach(name)


def test_a_name_that_is_in_use_is_refused_and_what_uses_it_left_alone(ring: FrameRing):
    with pytest.raises(BridgeError, match=f"'{ring.name}' is in use"):
        FrameRing.create(ring.name, 1, 8, 8)
    FrameRing.attach(ring.name).close()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere shared memory goes with its last process")
def test_a_ring_left_behind_by_a_killed_program_is_replaced():
    name = _name()
    _run(
        "import os; from multiprocessing import resource_tracker; from bridge.video.ring import FrameRing\n"
        f"FrameRing.create({name!r}, 2, 8, 8)\n"
        f"resource_tracker.unregister('/{name}', 'shared_memory')  # which a power switch would have ended too\n"
        "os._exit(1)"
    )
    FrameRing.attach(name).close()
    with FrameRing.create(name, SLOTS, 16, 16) as ring:
        assert ring.slots == SLOTS
        assert ring.latest() is None
    with pytest.raises(BridgeError):
        FrameRing.attach(name)


def test_what_is_no_ring_is_refused():
    memory = SharedMemory(_name(), create=True, size=4096)
    try:
        with pytest.raises(BridgeError, match="not a ring"):
            FrameRing.attach(memory.name)
        with pytest.raises(BridgeError, match="in use"):
            FrameRing.create(memory.name, 1, 8, 8)
    finally:
        memory.close()
        memory.unlink()
    for name in ("", "no/such", "n" * 300, "nul\0"):
        with pytest.raises(BridgeError):
            FrameRing.attach(name)


def test_a_ring_larger_than_the_machine_is_refused():
    with pytest.raises(BridgeError, match="cannot be made"):
        FrameRing.create(_name(), 1000, 2**20, 2**20)


@pytest.mark.parametrize("lie", [(-1, -48, 3), (2**62, 48, 3), (1, 1, 2**62), (-(2**62), 1, 1)])
def test_a_header_that_lies_gives_no_frame_and_the_ring_can_be_closed(ring: FrameRing, lie: tuple[int, int, int]):
    ring.write(painted(0))
    ring._words[LINE // 8 + HEIGHT : LINE // 8 + HEIGHT + 3] = lie
    reader = FrameRing.attach(ring.name)
    assert reader.since(-1) == []
    reader.close()
    ring.write(painted(1))
    latest = ring.latest()
    assert latest is not None
    assert latest.number == 1


def test_a_ring_that_is_being_read_can_be_closed(ring: FrameRing):
    reader = FrameRing.attach(ring.name)
    in_use = reader._words
    reader.close()
    assert len(in_use)
    del in_use
    FrameRing.attach(ring.name).close()
    assert not _in_use, "it is let go with the next one"


def test_a_frame_larger_than_a_slot_is_refused_with_both_sizes(ring: FrameRing):
    height, width = SIZES[0]
    with pytest.raises(ValueError, match=f"{width}x{height + 1} in 3 channels is"):
        ring.write(Frame(np.zeros((height + 1, width, 3), np.uint8), 0, 0.0))
    assert ring.latest() is None


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps shared memory as long as somebody has it open")
def test_a_ring_that_was_removed_from_outside_is_put_back_with_its_frames(ring: FrameRing):
    ring.write(painted(0))
    assert not ring.renew(), "it is there"
    with FrameRing.attach(ring.name) as before:
        assert _run(f"import _posixshmem; _posixshmem.shm_unlink('/{ring.name}')").returncode == 0
        with pytest.raises(BridgeError):
            FrameRing.attach(ring.name)
        assert ring.renew()
        assert before.written == 1, "whoever had it open goes on with the old one"
    with FrameRing.attach(ring.name) as after:
        assert after.made == ring.made
        ring.write(painted(1))
        assert [frame.number for frame in after.since(-1)] == [0, 1]
    assert not ring.renew()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere shared memory can't be listed")
def test_what_killed_programs_left_is_swept_and_nothing_else():
    dead, alive, foreign = (f"vace{uuid.uuid4().hex[:8]}" for _ in range(3))
    named = _name()
    script = (
        "import os, signal\n"
        "from multiprocessing import resource_tracker\n"
        "resource_tracker.register = lambda *_: None\n"  # which is killed, too
        "from bridge.video.ring import FrameRing\n"
        f"rings = [FrameRing.create(name, 2, 8, 8) for name in ({dead!r}, {named!r})]\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert _run(script).returncode == -9
    other = SharedMemory(foreign, create=True, size=4096)
    try:
        with FrameRing.create(alive, 2, 8, 8), FrameRing.create(named, 2, 8, 8):
            assert dead in sweep_left_behind()
            FrameRing.attach(alive).close()
            assert {foreign, alive, named} <= set(os.listdir("/dev/shm"))
            assert dead not in os.listdir("/dev/shm")
            assert sweep_left_behind() == []
    finally:
        other.close()
        other.unlink()
