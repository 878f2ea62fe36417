"""A control that the engine refuses goes back to what it was."""

from backend.controls.table import TABLE
from backend.engine.messages import Refused
from backend.front.undo import Undo
from bridge.control.mailbox import Mailbox

SOURCE = "/vace/mask/source"


def test_it_goes_back_to_what_was_there_before_even_if_the_engine_has_not_seen_that_yet():
    mailbox = Mailbox(TABLE)
    undo = Undo(mailbox)
    mailbox.set(SOURCE, "left")
    mailbox.set(SOURCE, "person")
    undo.refused(Refused(SOURCE, "person", "none"))
    assert mailbox.get(SOURCE) == "left"


def test_what_was_set_since_stays():
    mailbox = Mailbox(TABLE)
    undo = Undo(mailbox)
    mailbox.set(SOURCE, "person")
    mailbox.set(SOURCE, "left")
    undo.refused(Refused(SOURCE, "person", "none"))
    assert mailbox.get(SOURCE) == "left"
    mailbox.set(SOURCE, "subject")
    undo.refused(Refused(SOURCE, "subject", "none"))
    assert mailbox.get(SOURCE) == "left"


def test_of_two_that_cannot_be_had_neither_stays():
    mailbox = Mailbox(TABLE)
    undo = Undo(mailbox)
    mailbox.set(SOURCE, "subject")
    mailbox.set(SOURCE, "person")
    undo.refused(Refused(SOURCE, "person", "none"))
    undo.refused(Refused(SOURCE, "subject", "none"))
    assert mailbox.get(SOURCE) == "none"


def test_what_cannot_be_had_from_the_start_on_becomes_what_is_used():
    mailbox = Mailbox(TABLE)
    mailbox.set("/vace/reference/mode", "joint")
    undo = Undo(mailbox)
    undo.refused(Refused("/vace/reference/mode", "joint", "paper"))
    assert mailbox.get("/vace/reference/mode") == "paper"


def test_it_is_undone_each_time():
    mailbox = Mailbox(TABLE)
    undo = Undo(mailbox)
    mailbox.set(SOURCE, "left")
    for _ in range(3):
        mailbox.set(SOURCE, "person")
        undo.refused(Refused(SOURCE, "person", "left"))
        assert mailbox.get(SOURCE) == "left"
