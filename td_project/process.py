"""The backend's process: started, asked to end, killed if it does not, and looked after by whoever is left.

Nothing here waits. Kept in a module of its own inside TouchDesigner, which a re-initialised extension finds again.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import td  # pyright: ignore[reportMissingImports]  TouchDesigner's own

STOP_SECONDS = 15.0
"""A backend that was asked to end is given so long, then it is killed."""
LOG_TAIL = 4000
"""Bytes of its log that are shown."""
LAST_LOOK_FRAMES = 60
"""Between two looks at a backend whose component is no more."""
WINDOWS = sys.platform == "win32"
NO_WINDOW = 0x08000000 if WINDOWS else 0  # CREATE_NO_WINDOW
VERSIONS = ("3.12", "3.11", "3.13")
"""Of Python, in the order in which they are tried: Spout's package has no wheels beyond 3.13."""
NO_SUCH_PYTHON = 103
"""What the py launcher ends with where the version that it was asked for is not installed."""


class Backend:
    """One backend process. Its standard input is held open: it ends by itself when that is closed, or we are gone."""

    def __init__(self, command: list[str], folder: str, log: Path, transport: str) -> None:
        self.log = log
        self.transport = transport
        """How its frames travel: "spout" or "memory"; "" for one that has none, as an installation."""
        log.parent.mkdir(parents=True, exist_ok=True)
        # What TouchDesigner tells its own Python where things are would mislead another one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment.update(PYTHONUNBUFFERED="1", PYTHONUTF8="1")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                creationflags=NO_WINDOW,
                start_new_session=not WINDOWS,
            )
        self.wiring = None
        """What it is called and reached by; kept here, as it lives as long as the process."""
        self.ending: float | None = None
        self._killed = False

    def end(self) -> None:
        """Ask it to end, cleanly; safe to call again."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
            self.ending = time.monotonic()

    def code(self) -> int | None:
        """Its exit code, None while it runs. One that does not end in time is killed."""
        code = self.process.poll()
        if code is not None:
            if self.process.stdin is not None:
                self.process.stdin.close()
        elif self.ending is not None and time.monotonic() - self.ending > STOP_SECONDS and not self._killed:
            self._killed = True
            self._kill()
        return code

    def last_lines(self) -> str:
        """The end of its log."""
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - LOG_TAIL))
                return file.read().decode("utf-8", "replace").replace("\r", "\n").strip()
        except OSError:
            return ""

    def _kill(self) -> None:
        """With what it has started: an installation runs pip, and on Windows start.py stays above the program."""
        if WINDOWS:
            subprocess.Popen(["taskkill", "/T", "/F", "/PID", str(self.process.pid)], creationflags=NO_WINDOW)
        else:
            os.killpg(self.process.pid, signal.SIGKILL)


def processes() -> dict[int, Backend]:
    """The backends of all components; kept where a re-initialised extension finds them again."""
    holder = sys.modules.setdefault("vace_live_processes", types.ModuleType("vace_live_processes"))
    return holder.__dict__.setdefault("backends", {})


def end(key: int) -> None:
    """End the backend of that component, which nobody else looks after any more."""
    backend = processes().pop(key, None)
    if backend is not None:
        backend.end()
        _see_off(backend)


def pythons(chosen: str) -> list[list[str]]:
    """How Python is called: the one that is chosen, or those to try one after the other."""
    if chosen:
        return [[chosen]]
    if WINDOWS:
        return [["py", f"-{version}"] for version in VERSIONS]
    found = [shutil.which(f"python{version}") for version in VERSIONS]
    return [[path] for path in found if path] or [["python3"]]


def later(frames: int, function, *arguments) -> None:
    """Call it so many frames from now, on TouchDesigner's thread, whether or not a component is left by then."""
    td.run("args[0](*args[1:])", function, *arguments, delayFrames=frames, delayRef=td.op.TDResources)


def free_port(wanted: int, kind: int) -> int:
    """The wanted port of this machine, or any free one if that is taken or 0; OSError if there is none.

    kind: socket.SOCK_DGRAM or socket.SOCK_STREAM.
    """
    try:
        return _bound(wanted, kind)
    except OSError:
        return _bound(0, kind)


def _bound(port: int, kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", port))
        return probe.getsockname()[1]


def _see_off(backend: Backend) -> None:
    """Until it is gone."""
    if backend.code() is None:
        later(LAST_LOOK_FRAMES, _see_off, backend)
