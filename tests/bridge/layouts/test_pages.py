import json

from bridge.control.parameters import Control, ControlTable
from bridge.layouts.open_stage_control import session
from bridge.layouts.pages import MAIN, options, pages, title, widget
from tests.bridge.control.every_type import EVERY_TYPE


def test_every_control_is_on_one_page_and_groups_are_kept_together():
    found = pages(EVERY_TYPE)
    assert sorted(row.address for rows in found.values() for row in rows) == sorted(row.address for row in EVERY_TYPE)
    assert list(found) == [MAIN, "prompt", "mask", "tempo"]
    assert [row.address for row in found["mask"]] == ["/vace/mask/feather", "/vace/mask/source"]


def test_a_control_with_the_name_of_a_group_is_in_it():
    assert [row.address for row in pages(EVERY_TYPE)["prompt"]][:2] == ["/vace/prompt", "/vace/prompt/1"]


def test_a_table_without_groups_is_one_page_and_an_empty_one_none():
    table = ControlTable([Control("/vace/scale", "float", 1.0, "."), Control("/alone", "bool", False, ".")])
    assert list(pages(table)) == [MAIN]
    assert pages(ControlTable([])) == {}


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
