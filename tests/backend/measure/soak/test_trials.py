"""What trials make of what was seen; the trials themselves run the whole program and are long."""

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from backend.measure.soak.show import Ended, free_ports
from backend.measure.soak.trials.outcome import Outcome, summary
from backend.measure.soak.trials.table import TRIALS, run_trial

FIGURES = {"ticks": 900, "ticks_missed": 0, "restarts": 1}


def _stage(memory_mb: list[float], **parts) -> Any:
    ended = Ended(
        **{"returncode": 0, "obeyed": True, "figures": json.dumps(FIGURES), "log": [], "left_behind": [], **parts}
    )
    return SimpleNamespace(
        show=SimpleNamespace(end=lambda: ended), watch=SimpleNamespace(seen=SimpleNamespace(memory_mb=memory_mb))
    )


def test_a_trial_s_row_has_the_median_and_the_worst_of_what_was_timed():
    outcome = Outcome()
    for seconds in (1.0, 2.0, 9.0):
        outcome.took("fresh", seconds, "never")
    outcome.end(_stage([90.0, 95.5], log=["02:11:10 source: a clip", "02:11:12 osc: KeyError: 'x'; it goes on"]))
    row = summary("kill", 3, 7, outcome)
    assert row == {
        "trial": "kill",
        "times": 3,
        "seed": 7,
        "ticks": 900,
        "ticks_missed": 0,
        "restarts": 1,
        "threads_raised": 1,
        "raised": ["osc: KeyError: 'x'"],
        "front_mb": 95.5,
        "fresh_s_median": 2.0,
        "fresh_s_worst": 9.0,
        "lost": [],
    }


@pytest.mark.parametrize(
    ("memory", "parts", "line"),
    [
        ([300.0], {}, "took 300 MB"),
        ([90.0], {"figures": json.dumps({**FIGURES, "ticks_missed": 1})}, "1 of 900 ticks were missed"),
        ([90.0], {"obeyed": False}, "did not end"),
        ([90.0], {"left_behind": ["process 5"]}, "left behind: process 5"),
        ([90.0], {"figures": "", "log": ["vace: broken"]}, "vace: broken"),
    ],
)
def test_whatever_is_not_as_promised_is_lost(memory: list[float], parts: dict, line: str):
    outcome = Outcome()
    outcome.end(_stage(memory, **parts))
    assert [line in lost for lost in summary("kill", 1, 0, outcome)["lost"]] == [True]


def test_what_never_came_is_lost():
    outcome = Outcome()
    outcome.took("fresh", None, "kill 3: no fresh frame in 60 s")
    assert summary("kill", 1, 0, outcome)["lost"] == ["kill 3: no fresh frame in 60 s"]


@pytest.mark.parametrize("name", TRIALS)
def test_every_trial_of_the_table_can_be_run(name: str):
    assert callable(TRIALS[name].function(name))
    assert TRIALS[name].times > 0


def test_free_ports_are_different_ones():
    ports = free_ports(5)
    assert len(set(ports)) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--times", "3"], "--times goes with --trial"),
        (["--trial", "kill", "--chaos"], "choose one"),
        (["--trial", "nothing"], "invalid choice"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: list[str], said: str):
    run = subprocess.run([sys.executable, "-m", "backend", "soak", *arguments], capture_output=True, text=True)
    assert run.returncode == 2
    assert said in run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "times"), [("fuzz-osc", 2000), ("fuzz-web", 200), ("fuzz-files", 3), ("fuzz-weights", 3)]
)
def test_what_is_damaged_is_read_or_refused(name: str, times: int):
    row = run_trial(name, times, seed=1)
    assert (row["trial"], row["times"], row["lost"]) == (name, times, [])


@pytest.mark.slow
def test_a_trial_prints_its_row():
    command = [sys.executable, "-m", "backend", "soak", "--trial", "kill", "--times", "1", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=110)
    row = json.loads(run.stdout)
    assert run.returncode == (1 if row["lost"] else 0)
    assert (row["trial"], row["times"], row["restarts"]) == ("kill", 1, 1)
    assert row["fresh_s_worst"] > 0
