import logging
import threading

import pytest

from bridge import threads
from bridge.threads import GuardedThread

QUICK = (0.001, 0.002)

pytestmark = pytest.mark.faults


def test_a_loop_that_raises_begins_again_and_is_counted():
    done = threading.Event()
    rounds = iter([ValueError("one"), RuntimeError("two")])

    def loop():
        if error := next(rounds, None):
            raise error
        done.set()

    thread = GuardedThread("under test", loop, QUICK)
    thread.start()
    assert done.wait(5)
    thread.stop(5)
    assert thread.faults == 2
    assert not thread.is_alive()


def test_the_same_fault_is_logged_once_with_its_traceback_and_told_each_time(caplog):
    heard, enough = [], threading.Event()

    def listen(name, error):
        heard.append((name, str(error)))
        if len(heard) == 5:
            enough.set()

    def loop():
        if not enough.is_set():
            raise ValueError("always the same")

    remove = threads.add_listener(listen)
    try:
        with caplog.at_level(logging.ERROR):
            thread = GuardedThread("told", loop, QUICK)
            thread.start()
            assert enough.wait(5)
            thread.stop(5)
    finally:
        remove()
    assert heard == [("told", "always the same")] * 5
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_listener_that_fails_ends_nothing():
    def fail(name, error):
        raise RuntimeError("the listener itself")

    remove, rounds = threads.add_listener(fail), iter([OSError("first")])

    def loop():
        if error := next(rounds, None):
            raise error

    try:
        thread = GuardedThread("with a bad listener", loop, QUICK)
        thread.start()
        thread.join(5)
    finally:
        remove()
    assert not thread.is_alive()
    assert thread.faults == 1


def test_a_stop_cuts_the_pause_short():
    def loop():
        if not thread.stopping.is_set():
            raise ValueError("again")

    thread = GuardedThread("pausing", loop, (60.0, 60.0))
    thread.start()
    while not thread.faults:
        pass
    thread.stop(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("begun", [False, True])
def test_stop_is_safe_before_the_start_and_twice(begun):
    thread = GuardedThread("stopped", lambda: None)
    if begun:
        thread.start()
    thread.stop(5)
    thread.stop(5)
    assert not thread.is_alive()


def test_a_loop_that_raises_even_at_its_end_is_ended():
    begun = threading.Event()

    def loop():
        begun.set()
        raise ValueError("a disk that is full")

    thread = GuardedThread("under test", loop, QUICK)
    thread.start()
    assert begun.wait(5)
    thread.stop(5)
    assert not thread.is_alive()
