"""A window and a whole screen: drawn for real where there is a server of screens without one (Xvfb), and pyglet."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video.address import open_sink
from bridge.video.frames import Frame
from bridge.video.protocol import Sink

PATIENCE = 60.0
WIDTH, HEIGHT = 640, 360
RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], np.ndarray]]:
    """A screen of 640 x 360, and what gives its pixels, RGB."""
    pytest.importorskip("pyglet")
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("there is no Xvfb, to draw on a screen that nobody sees")
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", str(tmp_path)]
    server = subprocess.Popen([*command, "-nolisten", "tcp"], pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as said:
        monkeypatch.setenv("DISPLAY", f":{said.readline().strip()}")
    yield lambda: pixels_of(tmp_path / "Xvfb_screen0")
    server.terminate()
    server.wait(PATIENCE)


def pixels_of(dump: Path) -> np.ndarray:
    """The picture in a file of the X window dump format: a header of words, a list of colours, rows of BGRX."""
    octets = dump.read_bytes()
    words = struct.unpack(">25I", octets[:100])
    header, width, height, line, colours = words[0], words[4], words[5], words[12], words[19]
    rows = np.frombuffer(octets, np.uint8, offset=header + 12 * colours).reshape(height, line)[:, : 4 * width]
    return rows.reshape(height, width, 4)[..., 2::-1]


def frame(number: int = 0, channels: int = 3) -> Frame:
    """96 x 64, red above blue, with a green edge at the left."""
    pixels = np.full((64, 96, channels), 255, np.uint8)
    pixels[:32, :, :3], pixels[32:, :, :3] = RED, BLUE
    pixels[:, :16, :3] = GREEN
    return Frame(pixels, number, time.monotonic())


def shown(screen: Callable[[], np.ndarray], sink: Sink, places: dict[tuple[int, int], tuple], channels: int = 3):
    """Send until the screen shows these colours at (row, column)."""
    end, number = time.monotonic() + PATIENCE, 0
    while True:
        sink.send(frame(number, channels))
        number += 1
        now = screen()
        found = {place: tuple(int(value) for value in now[place]) for place in places}
        if found == places:
            return
        assert time.monotonic() < end, found
        time.sleep(0.05)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_screen_shows_the_whole_picture_upright_with_black_around_it(screen, channels: int):
    with open_sink("screen:1", 96, 64, 30.0) as sink:
        # 96 x 64 fits 640 x 360 as 540 x 360, from column 50.
        places = {(10, 320): RED, (350, 320): BLUE, (180, 100): GREEN, (180, 10): BLACK, (180, 630): BLACK}
        shown(screen, sink, places, channels)


def test_a_window_is_opened_larger_than_a_small_models_frames_from_whichever_folder(screen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_sink("window:Stage", 96, 64, 30.0) as sink:
        shown(screen, sink, {(5, 200): RED, (310, 200): BLUE, (100, 40): GREEN})  # 480 x 320, from the upper left


def test_a_screen_that_is_not_there_is_refused_with_those_that_are(screen):
    with pytest.raises(BridgeError, match=r"there is no screen:3; there is screen:1 of 640x360"):
        open_sink("screen:3", 96, 64, 30.0)


@pytest.mark.parametrize("number", ["0", "-1", "left"])
def test_what_is_no_screen_is_refused(number: str):
    with pytest.raises(BridgeError, match=r"counted from 1"):
        open_sink(f"screen:{number}", 96, 64, 30.0)


def test_a_machine_without_a_screen_says_so(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyglet")
    if sys.platform != "linux":
        pytest.skip("elsewhere there is always one")
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(BridgeError, match="this machine shows no window"):
        open_sink("screen:", 96, 64, 30.0)


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "pyglet.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(BridgeError, match=r"python start\.py pip install pyglet"):
        open_sink("window:", 96, 64, 30.0)


def test_a_window_whose_process_dies_is_told_and_one_that_is_closed_is_left(screen, caplog: pytest.LogCaptureFixture):
    with open_sink("window:", 96, 64, 30.0) as sink:
        sink._process.kill()  # pyright: ignore[reportAttributeAccessIssue]
        sink._process.wait(PATIENCE)  # pyright: ignore[reportAttributeAccessIssue]
        with pytest.raises(BridgeError, match="opened again"):
            sink.send(frame())
    with open_sink("window:", 96, 64, 30.0) as sink:
        sink._process.stdin.close()  # pyright: ignore[reportAttributeAccessIssue]  it then ends as if it was closed
        assert sink._process.wait(PATIENCE) == 0  # pyright: ignore[reportAttributeAccessIssue]
        for number in range(3):
            sink.send(frame(number))
    assert len([record for record in caplog.records if "was closed" in record.message]) == 1


def test_nothing_is_left_after_it(screen):
    sink = open_sink("window:", 96, 64, 30.0)
    process = sink._process  # pyright: ignore[reportAttributeAccessIssue]
    sink.close()
    assert process.poll() is not None
