"""The tour of looks: it goes on until somebody touches a control, and knows every word that it shows."""

import argparse
import time

import pytest

from backend.cli.run_options import add_run_options, run_options
from backend.controls.table import TABLE
from backend.steering.tour import CONTROL, PROMPT, STOPS, Tour
from bridge.control.mailbox import Mailbox
from vace_core.pocket.words import read


@pytest.fixture
def mailbox():
    return Mailbox(TABLE)


def test_each_step_is_another_look_and_after_the_last_comes_the_first(mailbox):
    tour = Tour(mailbox)
    shown = []
    for _ in range(len(STOPS) + 1):
        assert tour.step()
        shown.append((mailbox.get(PROMPT), mailbox.get(CONTROL)))
    assert tuple(shown[:-1]) == STOPS
    assert shown[-1] == STOPS[0]


def test_the_first_change_by_anybody_else_ends_it(mailbox):
    tour = Tour(mailbox)
    assert tour.step()
    mailbox.set("/vace/scale", 0.5, origin=("udp", "127.0.0.1", 9000))
    assert not tour.step()
    assert mailbox.get(PROMPT) == STOPS[0][0]
    mailbox.set("/vace/scale", 1.0)
    assert not tour.step()


def test_what_was_set_before_it_began_does_not_end_it(mailbox):
    mailbox.set("/vace/scale", 0.5)
    assert Tour(mailbox).step()


def test_it_runs_by_itself_and_stops_at_once(mailbox):
    tour = Tour(mailbox, seconds=0.01)
    tour.start()
    end = time.monotonic() + 20
    while mailbox.version < 6 and time.monotonic() < end:
        time.sleep(0.005)
    tour.stop()
    assert mailbox.version >= 6
    stopped = mailbox.version
    time.sleep(0.05)
    assert mailbox.version == stopped


@pytest.mark.parametrize("prompt", [prompt for prompt, _ in STOPS])
def test_the_bundled_model_knows_every_word_of_it(prompt):
    assert not read(prompt).unknown


@pytest.mark.parametrize(
    ("arguments", "on"),
    [
        ([], True),
        (["--no-tour"], False),
        (["--prompt", "gold"], False),
        (["--source", "testcard:"], False),
        (["--source", "testcard:", "--tour"], True),
        (["--restore"], False),
    ],
)
def test_it_is_on_for_the_bundled_clip_alone_where_nothing_else_is_asked_for(arguments, on):
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    assert run_options(parser.parse_args(arguments), parser).tour is on
