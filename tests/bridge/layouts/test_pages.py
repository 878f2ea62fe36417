import json

from bridge.control.parameters import Control, ControlTable
from bridge.layouts.open_stage_control import session
from bridge.layouts.pages import MORE, options, pages, title, widget
from tests.bridge.control.every_type import EVERY_TYPE


def test_every_control_is_on_one_page_and_groups_are_kept_together():
    found = pages(EVERY_TYPE)
    assert sorted(row.address for rows in found.values() for row in rows) == sorted(row.address for row in EVERY_TYPE)
    assert list(found) == ["prompt", "look", "mask", "pictures", "show", "output", MORE]
    assert [row.address for row in found["mask"]] == ["/vace/mask/feather", "/vace/mask/source"]


def test_a_control_with_the_name_of_a_group_is_in_it():
    assert [row.address for row in pages(EVERY_TYPE)["prompt"]][:2] == ["/vace/prompt", "/vace/prompt/1"]


def test_what_is_in_no_group_has_a_page_an_empty_table_none_and_the_hosts_clock_no_place():
    rows = [Control("/vace/else", "float", 1.0, "."), Control("/alone", "bool", False, ".")]
    assert pages(ControlTable([*rows, Control("/vace/tick", "int", 0, ".", event=True)])) == {MORE: rows}
    assert pages(ControlTable([])) == {}


def test_what_an_event_or_a_text_is_offered_is_what_it_has_buttons_for():
    slot = Control("/vace/prompt/go", "int", 0, "Slot.", low=0, high=8, event=True, offers=("1", "2"))
    name = Control("/vace/preset/go", "string", "0", "Preset.", event=True, offers=("1", "2"))
    assert (widget(slot), options(slot)) == ("options", [1, 2])
    assert (widget(name), options(name)) == ("options", ["1", "2"])
    assert widget(Control("/vace/mask/source", "string", "none", "Source.", offers=("none",))) == "text"


def test_every_type_has_something_to_set_it_with():
    found = {row.address: widget(row) for row in EVERY_TYPE}
    assert found["/vace/prompt/go"] == "options"
    assert found["/vace/tempo/beats"] == "fader"
    assert found["/vace/tempo/tick"] == found["/vace/tempo/frame"] == "number"
    assert found["/vace/tempo/nudge"] == "fader"
    assert found["/vace/flash"] == "once"
    assert found["/vace/reset"] == "push"
    assert set(found.values()) == {"fader", "number", "toggle", "push", "once", "options", "text", "texts", "numbers"}


def test_titles_and_options():
    assert title(EVERY_TYPE["/vace/mask/feather"]) == "mask feather (px)"
    assert title(EVERY_TYPE["/vace/freeze"]) == "freeze"
    assert options(EVERY_TYPE["/vace/prompt/go"]) == [1, 2]
    assert options(EVERY_TYPE["/vace/control"]) == ["depth", "scribble", "none"]


def test_a_whole_number_that_32_bits_do_not_hold_is_typed():
    large, small = (Control("/vace/seed", "int", 0, "Noise.", low=0, high=high) for high in (2**63 - 1, 2**31 - 1))
    assert (widget(large), widget(small)) == ("number", "fader")
    typed = session(ControlTable([large]), ("127.0.0.1", 9000))
    assert '"typeTags": "s"' in json.dumps(typed), "as JavaScript has no number for 64 bits that OSC could carry"
