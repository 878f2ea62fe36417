"""What asks a program to end: Ctrl-C, the system, a console that is closed, a program that held it and is gone."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from bridge.threads import GuardedThread

STDIN = 0
CLOSE_SECONDS = 4.5
"""How long Windows is kept from ending a program whose console was closed; after five seconds it does."""
CONSOLE_CLOSED, LOGGED_OFF, SHUT_DOWN = 2, 5, 6
"""Of Windows' console events, those that a program can't refuse."""
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


END_SECONDS = 30.0
"""After which a program that its holder left, and that can't end, is ended by force."""


def on_end(end: Callable[[], None]) -> Callable[[], None]:
    """Have `end` called, perhaps often and in another thread, when the program is to end; it must be quick.

    To be called from the main thread. Returns what is to be called once everything is closed: until then Windows is
    kept from ending the program.
    """

    def handle(*_: object) -> None:
        """It runs in the midst of whatever the main thread does, which may hold the lock that `end` takes."""
        try:
            _thread.start_new_thread(end, ())
        except RuntimeError:  # the system has no thread left
            end()

    former = {number: signal.signal(number, handle) for number in SIGNALS if not _is_nohup(number)}
    done = _on_console_end(end) if sys.platform == "win32" else lambda: None

    def undo() -> None:
        done()
        for number, handler in former.items():
            signal.signal(number, handler)

    return undo


def when_stdin_ends(end: Callable[[], None]) -> None:
    """Have `end` called once standard input has ended, as it does with the program that feeds it."""
    GuardedThread("standard input", lambda: _read_to_end(end)).start()


def _read_to_end(end: Callable[[], None]) -> None:
    """Read past Python's own buffer: a thread that holds its lock at the interpreter's end brings that down."""
    with contextlib.suppress(OSError):  # it was closed already
        while os.read(STDIN, 1024):
            pass
    end()
    time.sleep(END_SECONDS)
    os._exit(1)


def _is_nohup(number: int) -> bool:
    """Whether whoever started the program wants it to outlive the terminal."""
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN


def _on_console_end(end: Callable[[], None]) -> Callable[[], None]:
    """Windows ends a program as soon as its handler returns, so that waits until the program says that it is done."""
    import ctypes

    done = threading.Event()

    def handle(event: int) -> bool:
        if event not in (CONSOLE_CLOSED, LOGGED_OFF, SHUT_DOWN):
            return False  # Python's own handler makes a signal of it
        end()
        done.wait(CLOSE_SECONDS)
        return True

    handler = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(handle)  # type: ignore[attr-defined]
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.SetConsoleCtrlHandler(handler, True)

    def undo() -> None:
        done.set()
        kernel.SetConsoleCtrlHandler(handler, False)

    return undo
