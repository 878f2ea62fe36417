"""Frames in a window, or on a whole screen: drawn by a process of its own, which gets them through shared memory.

A window must be made and kept by the first thread of its process on some systems, and drawing must not hold up a tick.
"""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

from ..errors import BridgeError
from .frames import Frame
from .ring import FrameRing

log = logging.getLogger(__name__)

SLOTS = 4
OPEN_SECONDS = 30.0
"""What opening a window may take, a busy machine included."""
CLOSE_SECONDS = 3.0
TITLE = "VACE Live"
CLOSED = 0
"""Exit code of the process where somebody has closed the window."""


class WindowSink:
    """`window:TITLE` shows frames in a window that can be moved and resized; f makes it full-screen and back.

    One that somebody closes stays closed until the show is started again. `send` raises BridgeError if the window's
    process has died.
    """

    def __init__(self, title: str, width: int, height: int, fps: float) -> None:
        self._open(["--title", title or TITLE], width, height)

    def _open(self, options: list[str], width: int, height: int) -> None:
        name = f"vace{secrets.token_hex(4)}"
        self._ring = FrameRing.create(name, SLOTS, height, width, channels=4)
        command = [sys.executable, "-m", f"{__package__}.window_process", name, *options]
        command += ["--size", f"{width}x{height}"]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env=_environment(),
            )
            said = self._first_line()
        except OSError as reason:
            self._ring.close()
            raise BridgeError(f"the process of the window cannot be started ({reason})") from None
        if said != "ready":
            self.close()
            raise BridgeError(said.removeprefix("error: ") or "the process of the window ended without a word")
        self._closed = False

    def send(self, frame: Frame) -> None:
        code = self._process.poll()
        if code is None:
            self._fit(frame)
            self._ring.write(frame)
        elif code != CLOSED:
            raise BridgeError(f"the process of the window ended with code {code}; it is opened again")
        elif not self._closed:
            self._closed = True
            log.warning("the window was closed; it comes back when the show is started again")

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._ring.close()

    def __enter__(self) -> WindowSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _fit(self, frame: Frame) -> None:
        """A larger frame than the ring was made for is left to one that is opened again."""
        if frame.pixels.size > self._ring.slot_bytes:
            raise BridgeError("frames are larger than the window was opened for; it is opened again")

    def _first_line(self) -> str:
        """What the process says once its window is there, or why it is not."""
        said: list[str] = []
        stdout = self._process.stdout
        assert stdout is not None
        reader = threading.Thread(target=lambda: said.append(stdout.readline().strip()), daemon=True)
        reader.start()
        reader.join(OPEN_SECONDS)
        if reader.is_alive():
            self._process.kill()
            return f"error: the window was not there after {OPEN_SECONDS:g} s"
        return said[0]


def _environment() -> dict[str, str]:
    """Ours, and where this package is, from whichever folder the program was started."""
    path = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUTF8": "1"}


class ScreenSink(WindowSink):
    """`screen:N` shows frames on the whole of a screen, counted from 1; `screen:` is the last of them, which is a
    projector where there is one.

    Raises BridgeError, which names those that there are, for one that there is not.
    """

    def __init__(self, number: str, width: int, height: int, fps: float) -> None:
        if number and not (number.isdecimal() and int(number) >= 1):
            raise BridgeError(f"screen:{number} is no screen; they are counted from 1, as in screen:2")
        self._open(["--screen", number or "last"], width, height)
