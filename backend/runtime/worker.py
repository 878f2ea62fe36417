"""A process for work that may crash, hang or take all memory: it is given up then, and whoever asked goes on."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from bridge.errors import BridgeError

from . import priority

MEMORY_BYTES = 4 * 2**30
"""What the process may take, where the system can limit it (not on Windows)."""
START_SECONDS = 30.0
"""For the process to begin, on a machine that is busy; this comes on top of what a job may take."""


class WorkerError(BridgeError):
    """A job crashed the worker or took too long. One line that says which."""


class Worker:
    """Calls functions in a process of its own, one after the other; the next call starts it anew if it has ended.

    Any thread may call, and waits for those before it. Functions and what they take and give must be importable and
    picklable.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def call(self, function: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
        """What the function returns; raises what it raises, or WorkerError where it crashes or outlasts `seconds`."""
        with self._lock:
            failed, result = self._answer(function, arguments, seconds)
        if failed:
            raise result
        return result

    def close(self) -> None:
        """End the process once it has done what was asked before; the next call starts another."""
        with self._lock:
            self._end()

    def _answer(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> tuple[bool, Any]:
        """Whether it raised, and what it gave or raised."""
        connection = self._started()
        try:
            connection.send((function, arguments))
            if connection.poll(seconds):
                return connection.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise WorkerError("reading it ended the process that read it") from error
        self._end()
        raise WorkerError(f"it took more than {seconds:g} s")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _started(self) -> Connection:
        if self._connection is not None and self._process is not None and self._process.is_alive():
            return self._connection
        self._end()
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), name="worker", daemon=True)
        self._process.start()
        theirs.close()
        if not self._connection.poll(START_SECONDS):
            self._end()
            raise WorkerError("the process that reads files did not begin")
        self._connection.recv()
        return self._connection


@cache
def shared_worker() -> Worker:
    """The one that reads files for the whole program."""
    return Worker()


def _work(connection: Connection) -> None:
    """The process: do what comes, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    priority.lower_this_process()
    limit_memory(MEMORY_BYTES)
    connection.send("ready")
    with suppress(EOFError, OSError):
        while True:
            function, arguments = connection.recv()
            try:
                answer = (False, function(*arguments))
            except Exception as error:  # noqa: BLE001 - it is handed to whoever asked
                answer = (True, error)
            connection.send(answer)


def limit_memory(size: int) -> None:
    """Make this process fail to get more than `size` bytes, where the system can do that."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size if most == resource.RLIM_INFINITY else min(size, most), most))
