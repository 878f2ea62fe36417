"""What the system says of a real process."""

import os
import subprocess
import sys

import psutil
import pytest

from backend.front.process_facts import ProcessFacts, ProcessWatch

from ..waiting import wait_for

SLEEPER = "import time; time.sleep(600)"


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", SLEEPER]) as process:
        yield process
        process.kill()


def facts(watch: ProcessWatch) -> ProcessFacts:
    found = watch.read()
    assert found is not None
    return found


def test_a_stopped_process_is_told_from_one_that_sleeps(sleeper):
    watch = ProcessWatch(sleeper.pid)
    assert not facts(watch).stopped
    psutil.Process(sleeper.pid).suspend()
    wait_for(lambda: facts(watch).stopped, "the stop")
    psutil.Process(sleeper.pid).resume()
    wait_for(lambda: not facts(watch).stopped, "the end of it")


def test_processor_time_grows_for_one_that_works():
    watch = ProcessWatch(os.getpid())
    before = facts(watch).processor
    wait_for(lambda: facts(watch).processor > before + 0.05, "processor time")


BUSY = "while True: pass"
STARTER = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {BUSY!r}]); time.sleep(600)"


@pytest.fixture
def starter():
    with subprocess.Popen([sys.executable, "-c", STARTER]) as process:
        yield process
        for child in psutil.Process(process.pid).children() if process.poll() is None else ():
            child.kill()
        process.kill()


def test_what_its_workers_do_counts_as_its_own_and_they_can_be_ended_while_they_are_stopped(starter):
    wait_for(lambda: psutil.Process(starter.pid).children(), "its worker")
    (worker,) = psutil.Process(starter.pid).children()
    alone, watch = ProcessWatch(starter.pid), ProcessWatch(starter.pid, with_workers=True)
    wait_for(lambda: facts(watch).processor > facts(alone).processor, "processor time of the worker")
    worker.suspend()
    wait_for(lambda: facts(watch).stopped, "the stop")
    assert not facts(alone).stopped
    starter.kill()
    watch.kill_workers()
    wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "the end of the worker")


def test_there_are_no_facts_of_a_process_that_is_gone(sleeper):
    watch = ProcessWatch(sleeper.pid)
    assert watch.read() is not None
    sleeper.kill()
    sleeper.wait()
    assert watch.read() is None
