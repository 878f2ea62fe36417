"""`run --supervise`: a small program that starts the show again whenever it dies, and ends when the show is done.

It imports hardly anything, so that there is little in it that could die itself. The show holds on to it by its
standard input: when that ends, by whatever has ended this program, the show ends too.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ..runtime.endings import on_end, when_stdin_ends
from ..runtime.lossy_stream import Descriptor, LossyStream

SUPERVISE, UNTIL_STDIN_ENDS = "--supervise", "--until-stdin-ends"
DONE, FAILED, WRONG_USAGE = 0, 1, 2
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds before the show is started again: the first time, and at most; each time twice as long."""
HEALTHY_SECONDS = 2.0
"""A show that lived for so long before it died is started again after the first pause."""
STOP_SECONDS = 20.0
"""How long a show that was asked to end may take."""
LOOK_SECONDS = 0.05
SINKS, FILE = ("--sink", "--control-sink", "--mask-sink"), "file:"


def supervise(arguments: Sequence[str]) -> int:
    """`run` with these arguments, again and again; returns the exit code of the last."""
    given = [word for word in arguments if word != SUPERVISE]
    ending = threading.Event()
    closed = on_end(ending.set)
    if UNTIL_STDIN_ENDS in given:
        when_stdin_ends(ending.set)
    try:
        return Keeper(given, ending).keep()
    finally:
        closed()


class Keeper:
    """Lives of a show, one after the other, until `ending` is set or there is no use in another."""

    def __init__(self, given: Sequence[str], ending: threading.Event) -> None:
        self._given, self._ending = given, ending
        self._messages = None if sys.stderr is None else LossyStream("messages", Descriptor(2).write)

    def keep(self) -> int:
        """Returns the exit code of the last life."""
        try:
            return self._keep()
        finally:
            if self._messages is not None:
                self._messages.close_soon()

    def _keep(self) -> int:
        pause, restarts = FIRST_PAUSE, 0
        while True:
            began = time.monotonic()
            code = self._live(arguments_of(self._given, restarts))
            if self._ending.is_set() or not is_worth_another(code, restarts):
                return code if code >= 0 else FAILED
            if time.monotonic() - began > HEALTHY_SECONDS:
                pause = FIRST_PAUSE
            restarts += 1
            self._say(f"the show died (exit code {code}); starting it again in {pause:g} s, for the {restarts}. time")
            if self._ending.wait(pause):
                return DONE
            pause = min(2 * pause, LONGEST_PAUSE)

    def _live(self, arguments: Sequence[str]) -> int:
        """One life; returns its exit code."""
        command = [sys.executable, "-m", "backend", *arguments]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as show:
            while (code := show.poll()) is None and not self._ending.wait(LOOK_SECONDS):
                pass
            if code is not None:
                return code
            assert show.stdin is not None
            with contextlib.suppress(OSError):  # it is gone already
                show.stdin.close()
            try:
                return show.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                show.kill()
                return show.wait()

    def _say(self, line: str) -> None:
        if self._messages is not None:
            print(f"vace: {line}", file=self._messages)


def is_worth_another(code: int, restarts: int) -> bool:
    """Whether a show that ended so is started again. One that could not even begin once is not: somebody must mend it.

    Later it may just not be possible yet, as while a port or the memory of a GPU is still being given back.
    """
    return code not in (DONE, WRONG_USAGE) and (code != FAILED or restarts > 0)


def arguments_of(given: Sequence[str], restarts: int) -> list[str]:
    """The arguments of one life; of a later one with the values of the former, and never over what it recorded."""
    words = [numbered(before, word, restarts) for before, word in zip(["", *given], given)]
    held = [] if UNTIL_STDIN_ENDS in words else [UNTIL_STDIN_ENDS]
    return [*words, *held, *(["--restore=all"] if restarts else [])]


def numbered(before: str, word: str, number: int) -> str:
    """`file:out.mp4`, where it is a sink, is `file:out-1.mp4` in the next life. Options may be shortened."""
    option, _, value = word.partition("=") if word.startswith("--") else (before, "", word)
    is_sink = len(option) > 3 and any(sink.startswith(option) for sink in SINKS)
    if not (number and is_sink and value.startswith(FILE)):
        return word
    path = Path(value.removeprefix(FILE))
    return word.removesuffix(value) + FILE + str(path.with_stem(f"{path.stem}-{number}"))
