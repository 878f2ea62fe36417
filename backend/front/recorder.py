"""Records the output into a file while a switch is on: a new file each time, named by when it began."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from bridge.errors import BridgeError
from bridge.threads import GuardedThread
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
        self._output: Output | None = None
        self._thread = GuardedThread("recorder", self._run)
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
            self._thread.stopping.set()
            self._changed.notify()
        self._thread.stop()

    def _run(self) -> None:
        stopping = self._thread.stopping
        while not stopping.is_set():
            with self._changed:
                self._changed.wait_for(lambda: stopping.is_set() or self._wanted != (self._output is not None))
                begin = self._wanted and not stopping.is_set()
            if begin:
                self._begin()
            else:
                self._finish()

    def _begin(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._output = Output(f"file:{self._fresh()}", *self._size, self._fps, self._on_failure)
        except (BridgeError, OSError) as reason:
            self._wanted = False
            self._on_trouble(f"nothing is recorded: {reason}")

    def _on_failure(self, reason: str) -> None:
        """The file can't be written any further, as when the disk is full: the switch goes off, and it is told."""
        self.turn(False)
        self._on_trouble(f"the recording has ended: {reason}")

    def _finish(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output.close()

    def _fresh(self) -> Path:
        """A name that no file has."""
        stem = time.strftime("vace-%Y%m%d-%H%M%S")
        names = [f"{stem}.mp4", *(f"{stem}-{number}.mp4" for number in range(2, 100))]
        return next(path for name in names if not (path := self._folder / name).exists())
