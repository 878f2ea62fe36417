from dataclasses import dataclass, fields

import pytest

from backend.controls.declaration import address_of, field_of, fields_from, rows_of, setting
from backend.controls.docs import markdown
from backend.controls.settings import Settings
from backend.controls.show import AFTER
from backend.controls.table import TABLE
from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Control


@dataclass(frozen=True)
class Look:
    """Settings of a test: a control of every type that a field can have."""

    grain: float = setting(0.25, low=0.0, high=1.0, unit="px", doc="Grain.")
    grain_size: int = setting(1, low=1, high=8, acts="at once", doc="Its size.")
    grain_on: bool = setting(False, dangerous=True, doc="Whether there is any.")
    film: str = setting("", doc="A name.")
    film_kind: str = setting("old", choices=("old", "new"), live_only=True, doc="A choice.")
    corners: tuple[float, ...] = setting((0.0, 1.0), counts=(2, 4), doc="Numbers.")
    films: tuple[str, ...] = setting((), doc="Names.")
    length: int = setting("none", meaning=len, doc="A text that means its length.")


def test_a_field_declares_its_control_whole():
    rows = {row.address: row for row in rows_of(Look)}
    assert rows["/vace/grain"] == Control("/vace/grain", "float", 0.25, "Grain.", low=0.0, high=1.0, unit="px")
    assert rows["/vace/grain/size"] == Control("/vace/grain/size", "int", 1, "Its size.", low=1, high=8, acts="at once")
    types = ["float", "int", "bool", "string", "choice", "floats", "strings", "string"]
    assert [row.type for row in rows.values()] == types
    assert rows["/vace/film/kind"].live_only


def test_a_field_holds_what_the_text_of_its_control_means():
    values = {row.address: row.default for row in rows_of(Look)}
    assert Look().length == 4
    assert Look(**fields_from(Look, values)) == Look()
    assert fields_from(Look, {**values, "/vace/length": "longer"})["length"] == 6


def test_the_defaults_of_the_settings_are_those_of_the_table():
    assert Settings() == Settings.from_values(Mailbox(TABLE).snapshot())


def test_the_rows_without_a_field_stand_after_fields_that_there_are():
    assert set(AFTER) <= {field.name for field in fields(Settings)}
    others = [row.address for rows in AFTER.values() for row in rows]
    assert len(TABLE) == len(fields(Settings)) + len(others)


def test_what_a_control_belongs_to_is_said_by_its_row():
    assert not any(row.in_preset for row in TABLE if row.address.startswith(("/vace/prompt/bank/", "/vace/preset/")))
    assert not any(row.in_preset for row in TABLE if row.acts == "at once" or not row.holds)
    assert TABLE["/vace/prompt/fade"].in_preset
    assert TABLE["/vace/prompt/fade"].live_only
    assert [row.address for row in TABLE if row.own_option] == [
        "/vace/lora/1", "/vace/lora/2", "/vace/lora/3", "/vace/lora/4", "/vace/source",
    ]  # fmt: skip


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
