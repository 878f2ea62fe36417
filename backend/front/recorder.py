"""Records the output into a file while a switch is on: a new file each time, named by when it began."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from bridge.errors import BridgeError
from bridge.video.frames import Frame

from .outputs import Output


class Recorder:
    """folder: where files go, made if need be. on_trouble(reason) is told why there is no recording.

    A file is opened and finished in a thread of its own, as both may take longer than a tick.
    """

    def __init__(self, folder: Path, width: int, height: int, fps: float, on_trouble: Callable[[str], None]) -> None:
        self._folder, self._size, self._fps, self._on_trouble = folder, (width, height), fps, on_trouble
        self._wanted = False
        self._changed = threading.Condition()
        self._closing = False
        self._output: Output | None = None
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """The file being written, "" for none."""
        output = self._output
        return "" if output is None else output.uri.removeprefix("file:")

    def turn(self, on: bool) -> None:
        """Begin a new file, or finish the one that is being written; at once, and without waiting."""
        with self._changed:
            self._wanted = on
            self._changed.notify()

    def send(self, frame: Frame) -> None:
        """A frame of the output; never waits."""
        if (output := self._output) is not None:
            output.send(frame)

    def close(self) -> None:
        """Finish the file."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._wanted != (self._output is not None))
                begin = self._wanted and not self._closing
            if begin:
                self._begin()
            else:
                self._finish()

    def _begin(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._output = Output(f"file:{self._fresh()}", *self._size, self._fps)
        except (BridgeError, OSError) as reason:
            self._wanted = False
            self._on_trouble(f"nothing is recorded: {reason}")

    def _finish(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output.close()

    def _fresh(self) -> Path:
        """A name that no file has."""
        stem = time.strftime("vace-%Y%m%d-%H%M%S")
        names = [f"{stem}.mp4", *(f"{stem}-{number}.mp4" for number in range(2, 100))]
        return next(path for name in names if not (path := self._folder / name).exists())
