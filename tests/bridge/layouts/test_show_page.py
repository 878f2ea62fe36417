"""The page that a show is played from: everything on it, large enough for a finger, on a tablet and on a phone."""

from __future__ import annotations

import itertools

import pytest

from bridge.control.parameters import ControlTable
from bridge.layouts.show_page import PHONE, TABLET, Placed, phone, tablet
from tests.bridge.control.every_type import EVERY_TYPE
from tests.bridge.layouts.show_table import SHOW

FINGER = 40
"""Pixels of what is touched, at least; layouts are fitted to the screen."""
SHEETS = {"tablet": (TABLET, tablet(SHOW)), **{name: (PHONE, page) for name, page in phone(SHOW).items()}}
EACH_SHEET = pytest.mark.parametrize(("size", "page"), SHEETS.values(), ids=SHEETS)


@EACH_SHEET
def test_nothing_lies_outside_the_page_or_over_something_else(size: tuple[int, int], page: list[Placed]):
    for placed in page:
        x, y, width, height = placed.frame
        assert min(x, y) >= 0
        assert (x + width <= size[0], y + height <= size[1]) == (True, True), placed
    for one, other in itertools.combinations(page, 2):
        assert apart(one.frame, other.frame), (one, other)


@EACH_SHEET
def test_what_is_touched_is_large_enough_for_a_finger(size: tuple[int, int], page: list[Placed]):
    touched = [placed for placed in page if placed.kind not in ("heading", "shown", "state", "error")]
    assert all(min(placed.frame[2:]) >= FINGER for placed in touched)


def test_a_tablet_has_all_of_it_on_one_page_and_a_phone_on_two():
    def counted(pages: list[list[Placed]]) -> dict[str, int]:
        slots = [placed.address for page in pages for placed in page if placed.kind == "slot"]
        return {address: slots.count(address) for address in slots}

    expected = {"/vace/prompt/go": 8, "/vace/preset/go": 8, "/vace/preset/save": 8, "/vace/mask/source": 3}
    assert counted([tablet(SHOW)]) == counted(list(phone(SHOW).values())) == expected
    for pages in ([tablet(SHOW)], phone(SHOW).values()):
        kinds = {placed.kind for page in pages for placed in page}
        assert kinds >= {"state", "error", "fader", "pad", "centre", "radii", "switch", "push", "shown"}


def test_the_panic_row_is_the_last_and_nothing_else_is_red_beside_it():
    panic = [placed for placed in tablet(SHOW) if placed.text in ("BLACKOUT", "FREEZE", "BYPASS", "RESET")]
    assert len({placed.frame[1] for placed in panic}) == 1
    above = max(placed.frame[1] + placed.frame[3] for placed in tablet(SHOW) if placed not in panic)
    assert panic[0].frame[1] - above >= 8


def test_what_a_table_does_not_have_or_take_is_left_out():
    addresses = {placed.address for placed in tablet(EVERY_TYPE)}
    assert "/vace/scale" in addresses
    assert not {"/vace/noise", "/vace/preset/go", "/vace/mask/source"} & addresses - {"/vace/mask/source"}
    assert not [placed for placed in tablet(EVERY_TYPE) if placed.value == "person"]
    assert {placed.kind for placed in tablet(ControlTable([]))} == {"heading", "state", "error"}


def apart(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return (
        one[0] + one[2] <= other[0]
        or other[0] + other[2] <= one[0]
        or one[1] + one[3] <= other[1]
        or other[1] + other[3] <= one[1]
    )
