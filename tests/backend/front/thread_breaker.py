"""A model for engines whose threads are made to raise, one after the other, from within."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from backend.engine.model import EngineModel
from backend.engine.options import ModelOptions
from bridge import threads
from tests.backend import fake_model
from vace_core.controls import Controls
from vace_core.progress import Progress
from vace_core.stream import Chunk

OWN = "breaker"
"""The name of the thread that breaks the others."""
SECONDS = 30.0


class OutOfTheBlue(Exception):
    """What nobody has thought of."""


def raise_in(thread: threading.Thread) -> None:
    """Have a thread raise OutOfTheBlue at the next line of Python that it comes to."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTheBlue))


def command_file(front: int) -> Path:
    """Once it is there, the engine of the program with that process id breaks its threads."""
    return Path(tempfile.gettempdir()) / f"vace-test-break-{front}"


def report_file(front: int) -> Path:
    """What came of it."""
    return Path(tempfile.gettempdir()) / f"vace-test-broken-{front}"


_within_a_chunk = threading.Event()
"""Set: the main thread is to raise in the next chunk. Between two, the engine is started again by intent."""


class Stream(fake_model.FakeStream):
    def step(self, controls: Controls, progress: Progress) -> Chunk:
        if _within_a_chunk.is_set():
            _within_a_chunk.clear()
            raise_in(threading.current_thread())
        return super().step(controls, progress)


def load(options: ModelOptions) -> EngineModel:
    threading.Thread(target=_break_all, name=OWN, daemon=True).start()
    return replace(fake_model.load(options), encode=str, open_stream=Stream)


def _break_all() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    while not command_file(parent.pid).exists():  # type: ignore[arg-type]
        time.sleep(0.05)
    told: list[str] = []
    threads.add_listener(lambda name, error: told.append(name))
    others = [each for each in threading.enumerate() if each.name not in (OWN, "MainThread")]
    report = {
        "unguarded": [each.name for each in others if not isinstance(each, threads.GuardedThread)],
        "raised": {each.name: _raised(each, told) for each in others},
        "alive": [each.name for each in others if each.is_alive()],
    }
    _within_a_chunk.set()
    path = report_file(parent.pid)  # type: ignore[arg-type]
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(report))
    unfinished.replace(path)


def _raised(thread: threading.Thread, told: list[str]) -> bool:
    """Whether what was raised in it was survived, and told."""
    before = len(told)
    raise_in(thread)
    end = time.monotonic() + SECONDS
    while len(told) == before and time.monotonic() < end:
        time.sleep(0.02)
    return len(told) > before and thread.is_alive()
