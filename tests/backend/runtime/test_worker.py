"""Work that may crash, hang or take all memory, done elsewhere."""

import os
import signal
import sys
import time

import pytest

from backend.runtime.worker import MEMORY_BYTES, Worker, WorkerError

SECONDS = 30.0


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


def test_a_function_is_called_in_another_process(worker):
    assert worker.call(os.getpid, seconds=SECONDS) != os.getpid()


def test_the_process_stays_for_the_next_job(worker):
    assert worker.call(os.getpid, seconds=SECONDS) == worker.call(os.getpid, seconds=SECONDS)


def test_what_the_function_raises_is_raised(worker):
    with pytest.raises(ZeroDivisionError):
        worker.call(divmod, 1, 0, seconds=SECONDS)
    assert worker.call(divmod, 7, 2, seconds=SECONDS) == (3, 1)


def test_a_job_that_takes_too_long_is_given_up_and_the_next_one_is_done(worker):
    with pytest.raises(WorkerError, match=r"more than 0\.2 s"):
        worker.call(time.sleep, 3600, seconds=0.2)
    assert worker.call(divmod, 7, 2, seconds=SECONDS) == (3, 1)


def test_a_crash_is_told_and_the_next_job_is_done(worker):
    with pytest.raises(WorkerError, match="ended the process"):
        worker.call(os.abort, seconds=SECONDS)
    assert worker.call(divmod, 7, 2, seconds=SECONDS) == (3, 1)


def test_a_process_that_was_killed_between_two_jobs_is_started_again(worker):
    os.kill(worker.call(os.getpid, seconds=SECONDS), signal.SIGTERM)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            assert worker.call(divmod, 7, 2, seconds=SECONDS) == (3, 1)
            return
        except WorkerError:  # it was just about to end
            continue
    raise AssertionError("no worker came back")


@pytest.mark.skipif(sys.platform == "win32", reason="memory of a process is not limited on Windows")
def test_it_cannot_take_all_memory(worker):
    with pytest.raises((MemoryError, WorkerError)):
        worker.call(bytearray, 2 * MEMORY_BYTES, seconds=SECONDS)


def test_it_ends_with_close(worker):
    pid = worker.call(os.getpid, seconds=SECONDS)
    worker.close()
    with pytest.raises(OSError):
        os.kill(pid, 0)
