"""Whatever a thread of a running show raises, wherever it is, the show goes on: in both processes.

The threads are found by listing them, so one that is new is tried, too.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from backend.cli.main import build_parser
from backend.cli.run_options import run_options
from backend.front.build import open_front
from backend.front.front import Front
from bridge import threads
from bridge.threads import GuardedThread
from tests.backend.front.thread_breaker import command_file, raise_in, report_file
from tests.backend.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

OTHERS = ("MainThread", "Thread-")
"""Names of threads that are not the show's: the test's own, and the one that zeroconf names so."""


@pytest.fixture(scope="module")
def of_earlier_tests() -> list[threading.Thread]:
    """Threads that others have left in this process."""
    return threading.enumerate()


@pytest.fixture(scope="module")
def front(of_earlier_tests: list[threading.Thread], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("show")
    (folder / "patch.json").write_text('{"1": "/vace/scale"}')
    line = ["run", "--source", "testcard:", "--sink", "null:", "--mask-sink", "null:", "--control-sink", "null:"]
    line += ["--panel", "127.0.0.1:0", "--osc", "127.0.0.1:0", "--osc-tcp", "127.0.0.1:0", "--oscquery", "127.0.0.1:0"]
    line += ["--presets", str(folder / "presets.json"), "--recordings", str(folder), "--log", "off"]
    line += ["--artnet", "0@127.0.0.1", "--dmx-patch", str(folder / "patch.json")]
    line += ["--mask-source", "testcard:", "--control-source", "testcard:"]
    parser = build_parser()
    options = run_options(parser.parse_args(line), parser)
    with open_front(replace(options, load="tests.backend.front.thread_breaker:load")) as front:
        front.mailbox.set("/vace/output/between", "flow")
        wait_for(lambda: front.status().chunks > 1, "chunks")
        yield front


def wake(front: Front, round_number: int) -> None:
    """Give every thread something to do: one that waits for work comes to no line of Python."""
    mailbox, value = front.mailbox, round_number % 2
    mailbox.set_all([("/vace/record", value), ("/vace/scale", 0.5 + value)])
    mailbox.set("/vace/first", "/nowhere/picture.png" if value else "")
    mailbox.set("/vace/prompt", "red" if value else "blue")
    mailbox.set("/vace/cue/save", ["cue", "look", "0.05", "100"])
    mailbox.set_all([("/vace/preset/save", "look"), ("/vace/cue/go", "cue")])


def test_every_thread_of_the_front_goes_on_after_a_fault(front: Front, of_earlier_tests: list[threading.Thread]):
    now = [each for each in threading.enumerate() if each not in of_earlier_tests]
    ours = [each for each in now if not each.name.startswith(OTHERS)]
    assert [each.name for each in ours if not isinstance(each, GuardedThread)] == []
    assert {"presenter", "supervisor", "osc", "panel", "recorder", "file check", "flow"} <= {each.name for each in ours}
    told: list[BaseException] = []
    remove = threads.add_listener(lambda name, error: told.append(error))
    rounds = itertools.count()
    for thread in ours:
        told.clear()
        raise_in(thread)

        def survived() -> bool:
            wake(front, next(rounds))
            time.sleep(0.02)
            return any("OutOfTheBlue" in repr(error) for error in told)

        wait_for(survived, f"{thread.name} to have raised")
        assert thread.is_alive(), thread.name
    remove()
    assert_goes_on(front)


def test_every_thread_of_the_engine_goes_on_after_a_fault(front: Front):
    command, report = command_file(os.getpid()), report_file(os.getpid())
    report.unlink(missing_ok=True)
    command.touch()
    try:
        rounds = itertools.count()
        wait_for(lambda: (wake(front, next(rounds)), time.sleep(0.02), report.exists())[-1], "the engine's report")
        found = json.loads(report.read_text())
    finally:
        command.unlink()
        report.unlink(missing_ok=True)
    assert found["unguarded"] == []
    assert {"heartbeat", "prompt"} <= set(found["raised"])
    assert all(found["raised"].values()), found
    wait_for(lambda: "OutOfTheBlue" in str(front.events.as_list()), "what its main loop raised to be told")
    assert front.status().restarts == 0
    assert_goes_on(front)
    assert front.status().restarts == 0


def assert_goes_on(front: Front) -> None:
    ticks, chunks = front.status().ticks, front.status().chunks
    wait_for(lambda: front.status().ticks > ticks + 30, "ticks")
    wait_for(lambda: front.status().chunks > chunks + 1, "chunks")
    wait_for(lambda: front.status().state == "running", "a running show")
