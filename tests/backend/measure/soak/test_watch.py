"""When the program is taken to have said that something is wrong."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from backend.measure.soak.watch import Told, Watch

MOMENT = 100.0


@pytest.fixture
def watch():
    watch = Watch(cast(Any, SimpleNamespace(osc=9)))
    yield watch
    watch.close()


def test_a_state_that_becomes_wrong_later_is_when_it_is_known(watch):
    watch.seen.states = [Told(90.0, "running"), Told(100.5, "restarting"), Told(103.0, "running")]
    watch.seen.faults = [Told(99.0, "the engine died"), Told(101.0, "the engine died")]
    assert watch.known_after(MOMENT, 0.0) == 0.5


def test_a_fault_tells_it_too(watch):
    watch.seen.states = [Told(90.0, "running")]
    watch.seen.faults = [Told(101.0, "the engine died")]
    assert watch.known_after(MOMENT, 0.0) == 1.0


def test_nothing_said_is_not_known(watch):
    watch.seen.states = [Told(90.0, "running"), Told(99.0, "restarting"), Told(99.9, "recording")]
    assert watch.known_after(MOMENT, 0.0) is None


@pytest.mark.parametrize(("state", "well"), [("running", True), ("recording", True), ("degraded", False), ("", False)])
def test_all_is_well_while_it_runs_or_records(watch, state, well):
    watch.seen.states = [Told(90.0, state)] if state else []
    assert watch.seen.well is well
