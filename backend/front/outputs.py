"""Sinks, each in a thread of its own: some must be opened and used by one thread, and none may hold up a tick."""

from __future__ import annotations

import logging
import threading
from collections import deque

from bridge.errors import BridgeError
from bridge.video.address import open_sink
from bridge.video.frames import Frame

from ..runtime import priority

log = logging.getLogger(__name__)

QUEUE_FRAMES = 8
"""What a slow sink may be behind; older frames are dropped and counted."""


class Output:
    """One sink. Opened by the constructor, which raises what the sink raises; `close` writes what is waiting."""

    def __init__(self, uri: str, width: int, height: int, fps: float) -> None:
        self.uri = uri
        self.sent = 0
        self.dropped = 0
        self.failure: str | None = None
        """Why nothing is sent any more; None while all is well."""
        self._arguments = (uri, width, height, fps)
        self._queue: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._opened = threading.Event()
        self._error: BridgeError | None = None
        self._thread = threading.Thread(target=self._run, name=f"output {uri}", daemon=True)
        self._thread.start()
        self._opened.wait()
        if self._error is not None:
            raise self._error

    def send(self, frame: Frame) -> None:
        """Hand over a frame; never waits."""
        with self._changed:
            if self.failure is not None:
                return
            self._queue.append(frame)
            if len(self._queue) > QUEUE_FRAMES:
                self._queue.popleft()
                self.dropped += 1
            self._changed.notify()

    def close(self) -> None:
        """Send what is waiting, then close the sink."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        if not self.uri.startswith("file:"):  # where encoding takes its time, and nobody waits for it
            priority.raise_this_thread()
        try:
            sink = open_sink(*self._arguments)
        except BridgeError as error:
            self._error = error
            return
        finally:
            self._opened.set()
        try:
            with sink:
                while (frame := self._next()) is not None:
                    sink.send(frame)
                    self.sent += 1
        except BridgeError as error:
            self.failure = str(error)
            log.error("%s; nothing more is sent there, the show goes on", error)

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            return self._queue.popleft() if self._queue else None
