"""Who sets a control of what the show was not started with is told which option starts it."""

from contextlib import ExitStack

import pytest

from backend.controls.table import TABLE
from backend.runtime.events import Events
from backend.steering.steering import Steering, SteeringOptions
from backend.steering.unavailable import refuse_loras, refuse_midi
from bridge.control.mailbox import Mailbox
from bridge.control.tempo.tempo import MidiClock


@pytest.mark.parametrize("address", ["/vace/midi/learn", "/vace/midi/forget"])
def test_without_midi_nothing_is_learnt_and_the_option_is_named(address: str):
    mailbox = Mailbox(TABLE)
    refuse_midi(mailbox)
    assert "--midi PORT" in str(mailbox.set(address, "/vace/scale"))


def test_a_show_without_midi_says_so():
    mailbox = Mailbox(TABLE)
    with ExitStack() as opened:
        Steering(SteeringOptions(), mailbox, lambda *_: None, tuple, Events()).open(opened, MidiClock())
        assert "--midi PORT" in str(mailbox.set("/vace/midi/learn", "/vace/scale"))


def test_the_strength_of_a_lora_that_was_not_given_is_answered_with_the_option():
    mailbox = Mailbox(TABLE)
    refuse_loras(mailbox, 2)
    assert mailbox.set("/vace/lora/2", 0.5) is None
    reason = str(mailbox.set("/vace/lora/3", 0.5))
    assert "--lora FILE" in reason
    assert "2 were" in reason
    assert mailbox.get("/vace/lora/3") == 1.0, "so that no preset keeps what is not there"


def test_nothing_shows_the_token():
    assert "a blue hour" not in repr(SteeringOptions(osc_token="a blue hour"))
