"""Where a show's log goes: the terminal, and a file with dates; neither of them can hold up a thread."""

from __future__ import annotations

import atexit
import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO, cast

from filelock import FileLock, Timeout

from .lossy_stream import Descriptor, LossyStream, RotatingFile

log = logging.getLogger(__name__)

LARGEST, KEPT = 2 * 1024 * 1024, 4
"""Bytes of one file, and how many former ones are kept beside it."""
MOST_PROGRAMS = 9
"""Programs of one name that have a log each."""
STDERR = 2
ON_TERMINAL = logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")
IN_FILE = logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")


@contextlib.contextmanager
def show_logging(path: Path | None) -> Iterator[Path | None]:
    """From `with` to its end nobody waits for stderr, and what is logged goes into the file at `path`, too.

    Gives the path of the file, which is another where a program with the same one is running; None if there is none.
    """
    with ExitStack() as opened:
        terminal = _detach_stderr(opened)
        for handler in logging.getLogger().handlers:
            if type(handler) is logging.StreamHandler and handler.stream is terminal:
                opened.callback(handler.setFormatter, handler.formatter)
                handler.setFormatter(ON_TERMINAL)
        chosen = None if path is None else _free_path(path, opened)
        if chosen is not None:
            _add_file(chosen, opened)
        yield chosen


def start_engine_logging(path: Path | None, verbose: bool) -> None:
    """As `show_logging`, for the life of an engine process; what it logs goes into a file beside the show's."""
    level = logging.DEBUG if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s engine: %(message)s", datefmt="%H:%M:%S")
    opened = ExitStack()
    atexit.register(opened.close)
    _detach_stderr(opened)
    if path is not None:
        _add_file(path.with_suffix(".engine.log"), opened)


def _detach_stderr(opened: ExitStack) -> TextIO | None:
    """Put a stream that never blocks in the place of sys.stderr; returns what sys.stderr is now."""
    former = sys.stderr
    if former is None:  # it was closed, or there is no console
        _occupy_stderr()
        stream = LossyStream("stderr", lambda text: None)
    else:
        try:
            descriptor = former.fileno()
        except (OSError, ValueError, io.UnsupportedOperation):
            return former  # no file of the system, so nothing that hangs
        former.flush()
        stream = LossyStream("stderr", Descriptor(descriptor).write, descriptor)
    _redirect(former, stream)
    opened.callback(_attach_stderr, stream, former)
    return sys.stderr


def _attach_stderr(stream: LossyStream, former: TextIO | None) -> None:
    """Undo it; but not where stderr hangs, so that the end of the program does not wait for it."""
    if stream.close_soon():
        _redirect(stream, former)


def _redirect(former: TextIO | LossyStream | None, stream: TextIO | LossyStream | None) -> None:
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler and handler.stream is former:
            handler.stream = stream
    sys.stderr = cast(TextIO, stream)


def _occupy_stderr() -> None:
    """So that no file that is opened later becomes the one that libraries in C write their messages to."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    if nothing != STDERR:
        with contextlib.suppress(OSError):
            os.fstat(STDERR)
            os.close(nothing)
            return
        os.dup2(nothing, STDERR)
        os.close(nothing)


def _free_path(path: Path, opened: ExitStack) -> Path | None:
    """The first of `vace.log`, `vace-2.log`, ... that no other program writes; None, with a warning, if none can be."""
    names = (path.with_stem(f"{path.stem}-{number}") if number > 1 else path for number in range(1, MOST_PROGRAMS + 1))
    for each in names:
        try:
            each.parent.mkdir(parents=True, exist_ok=True)
            opened.enter_context(FileLock(f"{each}.lock", blocking=False))
        except Timeout:
            continue
        except (OSError, NotImplementedError) as reason:
            log.warning("there is no log file: %s cannot be written (%s); --log FILE names another", each, reason)
            return None
        return each
    log.warning("there is no log file: %d programs write beside %s; --log FILE names another", MOST_PROGRAMS, path)
    return None


def _add_file(path: Path, opened: ExitStack) -> None:
    try:
        sink = RotatingFile(path, LARGEST, KEPT)
    except OSError as reason:
        log.warning("there is no log file: %s cannot be written (%s); --log FILE names another", path, reason)
        return
    stream = LossyStream(
        "log file", sink.write, failed=lambda reason: log.warning("the log %s cannot be written (%s)", path, reason)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(IN_FILE)
    root = logging.getLogger()
    root.addHandler(handler)
    opened.callback(lambda: stream.close_soon() and sink.close())
    opened.callback(root.removeHandler, handler)
