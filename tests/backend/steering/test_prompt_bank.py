"""The prompt bank."""

import pytest

from backend.controls.show import BANK
from backend.controls.table import TABLE
from backend.steering.prompt_bank import bind_prompt_bank
from bridge.control.mailbox import Mailbox
from vace_core.pocket.words import read


@pytest.fixture
def mailbox() -> Mailbox:
    mailbox = Mailbox(TABLE)
    bind_prompt_bank(mailbox)
    return mailbox


def test_a_slot_becomes_the_prompt_and_a_further_argument_its_fade(mailbox: Mailbox):
    mailbox.set("/vace/prompt/bank/3", "a city of coral")
    assert mailbox.apply([("/vace/prompt/go", 3.0), ("/vace/prompt/fade", 2.5)]) == []
    assert mailbox.get("/vace/prompt") == "a city of coral"
    assert mailbox.get("/vace/prompt/fade") == 2.5


def test_the_same_slot_again_counts_after_another_prompt(mailbox: Mailbox):
    for _ in range(2):
        mailbox.set("/vace/prompt/go", 2)
        assert mailbox.get("/vace/prompt") == BANK[1]
        mailbox.set("/vace/prompt", "typed by hand")


def test_a_button_that_is_let_go_does_nothing(mailbox: Mailbox):
    mailbox.set("/vace/prompt/go", 4)
    assert mailbox.set("/vace/prompt/go", 0.0) is None
    assert mailbox.get("/vace/prompt") == BANK[3]


def test_an_empty_slot_is_told_and_the_prompt_stays(mailbox: Mailbox):
    mailbox.set("/vace/prompt/bank/5", "")
    assert "slot 5 of the prompt bank is empty" in (mailbox.set("/vace/prompt/go", 5) or "")
    assert mailbox.get("/vace/prompt") == BANK[0]


def test_every_slot_begins_with_a_prompt_that_the_bundled_model_understands_and_no_two_alike():
    readings = [read(prompt) for prompt in BANK]
    assert not [reading.unknown for reading in readings if reading.unknown]
    assert len({tuple(reading.ids) for reading in readings}) == len(BANK) == 8
