"""TouchDesigner's shared memory: literal bytes, and two programs with a stand-in for Windows."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video.address import open_sink, open_source
from bridge.video.frames import Frame
from bridge.video.touch.layout import Header, data_name, info_name, mutex_name, packed_info, unpacked_info
from bridge.video.touch.memory import TouchSink, TouchSource

from ..fake_windows import Machine

SIZE = (3, 2, 1000.0)  # width, height, rate
PIXELS = np.arange(1, 25, dtype=np.uint8).reshape(2, 3, 4)
HEADER = bytes.fromhex(
    "35f85ed9 01000000 03000000 02000000"  # magic, version, width, height
    "0000803f 0000803f 25000000 00000000"  # aspect 1:1, R8G8B8A8, padding
    "1800000000000000 30000000 00000000"  # 24 bytes from byte 48
)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def source(machine: Machine, name: str = "top") -> TouchSource:
    return TouchSource(name, *SIZE, objects=machine.process())


def sink(machine: Machine, name: str = "top") -> TouchSink:
    return TouchSink(name, *SIZE, objects=machine.process())


def put(machine: Machine, data: bytes, name: str = "TouchSHMtop") -> None:
    machine.process().create_memory(name, len(data)).data[: len(data)] = data


def test_the_names_are_those_that_touchdesigner_looks_for():
    assert data_name("top", "2") == "TouchSHMtop2"
    assert mutex_name("top") == "TouchSHMtopMutex"
    assert info_name("top") == "TouchSHMTouchSHMtop4jhd783h"


def test_a_header_is_48_literal_bytes():
    assert Header.of(3, 2).packed() == HEADER
    assert Header.unpacked(HEADER + bytes(24)) == Header(3, 2, 37, 24, 48)


def test_the_info_is_42_literal_bytes():
    literal = bytes.fromhex("ba34ed56 01000000 01") + b"7".ljust(32, b"\0") + b"\0"
    assert packed_info("7") == literal
    assert unpacked_info(literal) == "7"
    assert unpacked_info(packed_info("7", detached=True)) is None
    assert unpacked_info(bytes(4096)) is None
    assert unpacked_info(literal[:20]) is None


def test_what_a_sink_writes_lies_bottom_row_first_after_its_header(machine: Machine):
    with sink(machine) as out:
        out.send(Frame(PIXELS, 0, 0.0))
        memory = machine.process().open_memory("TouchSHMtop")
        assert memory is not None
        assert bytes(memory.data[:72]) == HEADER + PIXELS[::-1].tobytes()


@pytest.mark.parametrize("offset", [48, 56])
def test_a_source_finds_the_pixels_by_the_offset_in_the_header(machine: Machine, offset: int):
    header = HEADER[:40] + struct.pack("<i", offset)
    put(machine, header.ljust(offset, b"\xee") + PIXELS[::-1].tobytes())
    with source(machine) as frames:
        assert frames.describe() == "TouchDesigner's shared memory 'top', 3x2"
        seen = frames.read(1.0)
    assert seen is not None
    assert np.array_equal(seen.pixels, PIXELS)


def test_red_and_blue_are_told_apart_by_the_format(machine: Machine):
    put(machine, HEADER[:24] + struct.pack("<I", 44) + HEADER[28:] + PIXELS[::-1, :, [2, 1, 0, 3]].tobytes())
    with source(machine) as frames:
        seen = frames.read(1.0)
    assert seen is not None
    assert np.array_equal(seen.pixels, PIXELS)


def test_a_stream_of_frames_keeps_up_with_sizes(machine: Machine):
    with sink(machine) as out, source(machine) as frames:
        for width, height, channels in ((3, 2, 4), (64, 48, 3), (5, 4, 4), (64, 48, 4)):
            pixels = np.random.default_rng(width).integers(0, 255, (height, width, channels), np.uint8)
            out.send(Frame(pixels, 0, 0.0))
            seen = frames.read(1.0)
            assert seen is not None
            assert np.array_equal(seen.pixels[..., :channels], pixels)
            assert channels == 4 or (seen.pixels[..., 3] == 255).all()


def test_frames_are_numbered_and_come_at_the_asked_rate(machine: Machine):
    with sink(machine), TouchSource("top", 3, 2, 20.0, objects=machine.process()) as frames:
        seen = [frames.read(10.0) for _ in range(3)]
        assert frames.read(0.0) is None
    assert [frame.number for frame in seen if frame] == [0, 1, 2]
    assert seen[2] is not None
    assert seen[0] is not None
    assert seen[2].time - seen[0].time >= 1 / 20  # the second frame is had at once, and may be late


def test_a_sender_that_closes_is_told_even_while_the_receiver_holds_its_memory(machine: Machine):
    out = sink(machine)
    with source(machine) as frames:
        held = [machine.process().open_memory(name) for name in (data_name("top"), info_name("top"))]
        out.close()
        with pytest.raises(BridgeError, match="no shared memory of TouchDesigner's of the name 'top'"):
            frames.read(1.0)
    assert all(held)


def test_a_sink_comes_back_although_a_receiver_holds_smaller_memory_under_its_name(machine: Machine):
    sink(machine).close()
    killed = machine.process()
    TouchSink("top", 3, 2, 30.0, objects=killed)
    held = [machine.process().open_memory(name) for name in (data_name("top"), info_name("top"))]
    killed.kill()
    with TouchSink("top", 64, 48, 30.0, objects=machine.process()) as out, source(machine) as frames:
        out.send(Frame(np.full((48, 64, 4), 7, np.uint8), 0, 0.0))
        seen = frames.read(1.0)
        assert seen is not None
        assert seen.pixels.shape == (48, 64, 4)
    assert all(held)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bytes(72), "no header that is known"),
        (HEADER[:24] + struct.pack("<I", 109) + HEADER[28:] + bytes(24), "Vulkan format 109; set the TOP to 8-bit"),
        (HEADER[:8] + struct.pack("<i", -3) + HEADER[12:] + bytes(24), "-3x2"),
        (HEADER[:8] + struct.pack("<i", 9) + HEADER[12:] + bytes(24), "9x2 pixels do not lie in 24 bytes"),
        (HEADER[:32] + struct.pack("<q", 9000) + HEADER[40:] + bytes(24), "go beyond the memory's 4096"),
        (HEADER[:40] + struct.pack("<i", -1) + HEADER[44:] + bytes(24), "from byte -1"),
    ],
)
def test_memory_that_is_no_picture_is_told_with_what_is_wrong(machine: Machine, data: bytes, told: str):
    put(machine, data)
    with pytest.raises(BridgeError, match="touch:top can't be read") as refusal:
        source(machine)
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_too_little_memory_for_a_header_is_told():
    with pytest.raises(ValueError, match="20 bytes are too few"):
        Header.unpacked(bytes(20))


@pytest.mark.parametrize("name", ["", "b\\a", "\u00e9"])
def test_a_name_that_can_be_none_is_refused(machine: Machine, name: str):
    for kind in (TouchSource, TouchSink):
        with pytest.raises(BridgeError, match="touch:NAME"):
            kind(name, *SIZE, objects=machine.process())


def test_no_memory_of_that_name_is_told_with_what_to_switch_on(machine: Machine):
    with pytest.raises(BridgeError, match="Shared Mem Out TOP of that name, its Shared Mem Type set to Local"):
        source(machine)


@pytest.mark.parametrize("opener", [open_source, open_sink])
def test_on_another_system_the_address_says_what_to_take(opener: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(BridgeError, match="touch: exists on Windows only"):
        opener("touch:top", *SIZE)
