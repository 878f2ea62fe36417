"""What the mailbox, and all who send to it, make of the texts that say where frames come from."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.controls.mask_source import MaskSource
from backend.controls.settings import Settings
from backend.controls.table import TABLE
from backend.runtime.json_store import JsonStore
from backend.steering.morph import Morph
from backend.steering.presets import Presets
from bridge.control.mailbox import Mailbox
from bridge.control.parameters import MAX_TEXT, ControlError

MASK, CONTROL = "/vace/mask/source", "/vace/control/source"
ODD = ["x" * 300, "x" * MAX_TEXT, "~nosuchuser", "a\x00b", "con", "object:", ":", "spot:" + "y" * 1000]
BOTH = pytest.mark.parametrize("address", [MASK, CONTROL])


@pytest.mark.parametrize(
    ("address", "good", "bad", "near"),
    [
        (MASK, "left", "persn", "did you mean person?"),
        (MASK, "object:dog", "object:", "object:person"),
        (MASK, "shm:mask", "spot:Resolume", "did you mean spout:?"),
        (CONTROL, "lines.mp4", "spot:Resolume", "did you mean spout:?"),
        (CONTROL, "shm:lines", "depth", "the path of a picture or video"),
    ],
)
def test_a_source_that_means_nothing_is_refused_to_its_sender_and_the_one_before_stays(
    address: str, good: str, bad: str, near: str
):
    mailbox = Mailbox(TABLE)
    assert mailbox.apply([(address, good)]) == []
    version = mailbox.version
    [(blamed, reason)] = mailbox.apply([(address, bad)], origin="somebody")
    assert blamed == address
    assert near in reason
    assert mailbox.get(address) == good
    assert mailbox.version == version


def test_a_refused_source_is_in_no_preset():
    mailbox = Mailbox(TABLE)
    presets = Presets(TABLE, mailbox, JsonStore(None, "presets"), Morph(mailbox))
    for change in ((MASK, "left"), (MASK, "persn"), ("/vace/preset/save", "a"), (MASK, "right")):
        mailbox.apply([change])
    assert mailbox.apply([("/vace/preset/go", "a")]) == []
    assert presets.names() == ["a"]
    assert mailbox.get(MASK) == "left"


def test_settings_hold_what_the_texts_mean():
    mailbox = Mailbox(TABLE)
    assert mailbox.apply([(MASK, "Object: Dog"), (CONTROL, "lines.mp4")]) == []
    found = Settings.from_values(mailbox.snapshot())
    assert found.mask_source == MaskSource("object", labels=("dog",))
    assert found.control_source == "file:lines.mp4"
    assert mailbox.get(CONTROL) == "lines.mp4"
    assert Settings.from_values(Mailbox(TABLE).snapshot()).control_source == ""


@BOTH
def test_a_file_that_has_gone_since_is_still_meant(address: str, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outline").write_bytes(b"")
    mailbox = Mailbox(TABLE)
    assert mailbox.apply([(address, "outline")]) == []
    (tmp_path / "outline").unlink()
    found = Settings.from_values(mailbox.snapshot())
    assert "file:outline" in (found.mask_source.address, found.control_source)


@BOTH
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_an_odd_text_is_refused_in_one_short_line_and_quickly(address: str, text: str):
    began = time.perf_counter()
    with pytest.raises(ControlError) as refusal:
        TABLE[address].accept(text)
    assert time.perf_counter() - began < 0.1
    assert len(str(refusal.value)) < 300
    assert "\n" not in str(refusal.value)


@BOTH
@settings(max_examples=200, deadline=None)
@given(st.text())
def test_no_text_leads_to_anything_but_a_source_or_a_refusal(address: str, text: str):
    row = TABLE[address]
    assert row.check is not None
    with suppress(ValueError):
        row.check(text)
    try:
        accepted = row.accept(text).value
    except ControlError:
        return
    Settings.from_values(Mailbox(TABLE).snapshot() | {address: accepted})
