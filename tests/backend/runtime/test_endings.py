"""What asks a program to end."""

import ctypes
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from backend.runtime import endings
from backend.runtime.endings import CONSOLE_CLOSED, LOGGED_OFF, SHUT_DOWN, on_end

PROGRAM = """
import sys, threading
from backend.runtime.endings import on_end, when_stdin_ends
stop = threading.Event()
closed = on_end(stop.set)
if "stdin" in sys.argv: when_stdin_ends(stop.set)
print("begun", flush=True)
stop.wait(60)
closed()
print("closed", flush=True)
"""


def program(*arguments: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    return started


@pytest.mark.skipif(sys.platform == "win32", reason="signals of one process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_in_its_own_time(name: str):
    with program() as started:
        started.send_signal(getattr(signal, name))
        assert started.communicate(timeout=60)[0] == "closed\n"
        assert started.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no nohup")
def test_who_is_to_outlive_the_terminal_does():
    with program(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as started:
        started.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            started.wait(0.3)
        started.send_signal(signal.SIGTERM)
        assert started.communicate(timeout=60)[0] == "closed\n"


def test_the_end_of_standard_input_ends_it():
    with program("stdin") as started:
        assert started.communicate(timeout=60)[0] == "closed\n"


def test_a_signal_that_comes_while_the_main_thread_holds_a_lock_does_not_wait_for_it_for_ever():
    """As `Event.wait` holds for a moment the lock that `Event.set` takes: Ctrl-C then ended nothing."""
    lock, taken, done = threading.Lock(), [], threading.Event()

    def end() -> None:
        taken.append(lock.acquire(timeout=10))
        done.set()

    undo = on_end(end)
    with lock:
        signal.raise_signal(signal.SIGTERM)
    assert done.wait(60)
    undo()
    assert taken == [True]


def test_what_was_there_before_is_there_again():
    before = signal.getsignal(signal.SIGTERM)
    on_end(lambda: None)()
    assert signal.getsignal(signal.SIGTERM) is before


class Kernel:
    """Windows, as far as a console has to do with it."""

    def __init__(self) -> None:
        self.handlers: list = []

    def SetConsoleCtrlHandler(self, handler, add: bool) -> None:
        self.handlers.append(handler) if add else self.handlers.remove(handler)


@pytest.mark.parametrize("event", [CONSOLE_CLOSED, LOGGED_OFF, SHUT_DOWN])
def test_windows_waits_until_everything_is_closed(monkeypatch, event: int):
    kernel, ends = Kernel(), threading.Event()
    monkeypatch.setattr(ctypes, "WINFUNCTYPE", lambda *_: lambda function: function, raising=False)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(endings, "CLOSE_SECONDS", 60.0)
    closed = endings._on_console_end(ends.set)
    [handler] = kernel.handlers
    assert not handler(0), "Ctrl-C is a signal"
    returned = threading.Event()
    waiting = threading.Thread(target=lambda: handler(event) and returned.set())
    waiting.start()
    assert ends.wait(60)
    assert not returned.is_set(), "else Windows ends the program"
    closed()
    assert returned.wait(60)
    waiting.join()
    assert kernel.handlers == []


def test_a_program_that_can_not_end_is_ended_where_nobody_holds_it_any_more():
    code = (
        "import time\nfrom backend.runtime import endings\nendings.END_SECONDS = 0.1\n"
        "endings.when_stdin_ends(lambda: None)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as started:
        started.communicate(timeout=50)
        assert started.returncode == 1
