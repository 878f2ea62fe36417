"""Sinks, each in a thread of its own: some must be opened and used by one thread, and none may hold up a tick."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from bridge.errors import BridgeError
from bridge.threads import GuardedThread, described, report
from bridge.video.address import open_sink
from bridge.video.frames import Frame
from bridge.video.protocol import Sink

from ..runtime import priority

log = logging.getLogger(__name__)

RETRY_SECONDS = (0.5, 5.0)
"""Between two attempts to open a sink again: at first, and at most; each time twice as long."""
CLOSE_SECONDS = 10.0
"""What a sink may take to write what is waiting."""
QUEUE_FRAMES = 8
"""What a slow sink may be behind; older frames are dropped and counted."""


class Output:
    """One sink. Opened by the constructor, which raises what the sink raises; `close` writes what is waiting.

    One that fails later is opened again until that succeeds; but not a file, whose beginning would be lost by it.
    on_failure(reason): called, in the sink's thread, when nothing can be sent any more.
    """

    def __init__(
        self, uri: str, width: int, height: int, fps: float, on_failure: Callable[[str], None] = lambda reason: None
    ) -> None:
        self.uri = uri
        self.sent = 0
        self.dropped = 0
        self.failure: str | None = None
        """Why nothing is sent now; None while all is well."""
        self._arguments = (uri, width, height, fps)
        self._on_failure = on_failure
        self._queue: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._opened = threading.Event()
        self._error: Exception | None = None
        self._thread = GuardedThread(f"output {uri}", self._run)
        self._thread.start()
        self._opened.wait()
        if self._error is not None:
            raise self._error

    @property
    def is_file(self) -> bool:
        return self.uri.startswith("file:")

    def send(self, frame: Frame) -> None:
        """Hand over a frame; never waits."""
        with self._changed:
            if self.failure is not None:
                self.dropped += 1
                return
            self._queue.append(frame)
            if len(self._queue) > QUEUE_FRAMES:
                self._queue.popleft()
                self.dropped += 1
            self._changed.notify()

    def close(self) -> None:
        """Send what is waiting, then close the sink."""
        with self._changed:
            self._thread.stopping.set()
            self._changed.notify()
        self._thread.stop(CLOSE_SECONDS)
        if self._thread.is_alive():
            log.error("%s does not end; it is left to end with the program", self.uri)

    def _run(self) -> None:
        if not self.is_file:  # where encoding takes its time, and nobody waits for it
            priority.raise_this_thread()
        pause, longest = RETRY_SECONDS
        while not self._thread.stopping.is_set():
            try:
                with open_sink(*self._arguments) as sink:
                    self._note_open()
                    self._send_to(sink)
                return
            except Exception as error:  # noqa: BLE001 - transports and encoders are others' code
                if not self._opened.is_set():
                    self._error = error
                    self._opened.set()
                    return
                self._note_failure(error)
            if self.is_file:
                return
            self._thread.stopping.wait(pause)
            pause = min(2 * pause, longest)

    def _send_to(self, sink: Sink) -> None:
        while (frame := self._next()) is not None:
            sink.send(frame)
            self.sent += 1

    def _next(self) -> Frame | None:
        """The next frame; None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._thread.stopping.is_set())
            return self._queue.popleft() if self._queue else None

    def _note_open(self) -> None:
        if self.failure is not None:
            log.warning("%s: frames are sent again", self.uri)
        self.failure = None
        self._opened.set()

    def _note_failure(self, error: Exception) -> None:
        """Say it once, however often the sink can't be opened again."""
        before, reason = self.failure, str(error)
        if not isinstance(error, BridgeError):
            report(self._thread.name, error)
            reason = f"{self.uri}: {described(error)}"
        with self._changed:
            self.failure = reason
            self._queue.clear()
        if before is None:
            what = "nothing more is sent there" if self.is_file else "it is opened again as soon as that can be done"
            log.error("%s; %s, the show goes on", reason, what)
            self._on_failure(reason)
