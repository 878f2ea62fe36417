from dataclasses import fields

import pytest

from backend.controls.settings import Settings, address_of, field_of
from backend.controls.table import TABLE, markdown
from bridge.control.mailbox import Mailbox

SETS_OTHERS = ("/vace/prompt/bank/", "/vace/preset/", "/vace/tempo")


def test_settings_have_one_field_for_every_control_that_shows_in_a_picture():
    held = [field_of(row.address) for row in TABLE if row.holds and not row.address.startswith(SETS_OTHERS)]
    assert held == [field.name for field in fields(Settings)]


def test_an_address_and_its_field_name_each_other():
    for row in TABLE:
        assert address_of(field_of(row.address)) == row.address


def test_settings_are_what_the_mailbox_holds():
    mailbox = Mailbox(TABLE)
    mailbox.set("/vace/prompt", "snow")
    mailbox.set("/vace/reference", ["a.png", "b.png"])
    settings = Settings.from_values(mailbox.snapshot())
    assert (settings.prompt, settings.reference, settings.scale) == ("snow", ("a.png", "b.png"), 1.0)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.address)
def test_every_default_is_accepted_as_it_is_and_every_row_is_described(row):
    accepted = row.accept(row.default)
    assert (accepted.value, accepted.report) == (row.default, None)
    assert row.doc.endswith(".")
    assert row.address.startswith("/vace/")


def test_switches_act_at_once():
    at_once = {row.address for row in TABLE if row.acts == "at once"}
    assert at_once >= {"/vace/freeze", "/vace/bypass", "/vace/blackout", "/vace/source"}


def test_the_markdown_table_has_a_line_for_every_control():
    lines = markdown().splitlines()
    assert len(lines) == len(TABLE) + 2
    assert all(f"`{row.address}`" in line for row, line in zip(TABLE, lines[2:], strict=True))
