"""What the engine and the processes that work for it do so as not to outlive whoever started them."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import wait
from multiprocessing.process import parent_process

LOOK_SECONDS = 1.0
"""How often the thread that waits for the parent's end comes back, so that nothing holds it for ever."""


def ignore_the_terminal() -> None:
    """Ctrl-C and Ctrl-Break reach the whole terminal; whoever started this process tells it to stop."""
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def end_with_parent() -> None:
    """A process whose parent was killed must not stay behind, even in the middle of a long step."""
    parent = parent_process()
    if parent is not None:
        while not wait([parent.sentinel], timeout=LOOK_SECONDS):
            pass
        os._exit(1)
