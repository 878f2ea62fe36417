"""Controls as 0 to 1."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control.normalised import NormalisedControl, normalised_address, normalised_controls
from bridge.control.parameters import Control, ControlError, ControlTable
from bridge.control.validation import Relative

FEATHER = Control("/t/mask/feather", "float", 4.0, "", low=-16.0, high=64.0)
SEED = Control("/t/seed", "int", 0, "", low=0, high=2**31 - 1)
FREEZE = Control("/t/freeze", "bool", False, "")
KIND = Control("/t/kind", "choice", "depth", "", choices=("depth", "scribble", "none"))
ONLY = Control("/t/only", "choice", "one", "", choices=("one",))
FREE = Control("/t/free", "float", 0.0, "")
PROMPT = Control("/t/prompt", "string", "", "")
GO = Control("/t/go", "int", 0, "", low=0, high=8, event=True)
ROWS = (FEATHER, SEED, FREEZE, KIND, ONLY, FREE, PROMPT, GO)


def test_what_holds_a_value_with_a_range_has_a_twin_and_nothing_else():
    found = list(normalised_controls(ControlTable(ROWS)))
    assert found == ["/t/n/mask/feather", "/t/n/seed", "/t/n/freeze", "/t/n/kind", "/t/n/only"]
    assert normalised_address("/vace/scale") == "/vace/n/scale"


@pytest.mark.parametrize(
    ("control", "place", "value"),
    [
        (FEATHER, 0, -16.0),
        (FEATHER, 0.5, 24.0),
        (FEATHER, 1, 64.0),
        (FEATHER, "0.25", 4.0),
        (SEED, 1.0, 2**31 - 1),
        (FREEZE, 1.0, True),
        (FREEZE, 0.2, False),
        (KIND, 0.0, "depth"),
        (KIND, 0.4, "scribble"),
        (KIND, 1.0, "none"),
        (ONLY, 0.7, "one"),
    ],
)
def test_a_place_in_the_range_is_a_value(control: Control, place: Any, value: Any):
    accepted = NormalisedControl(control).accept(place)
    assert (accepted.value, accepted.report) == (value, None)


@given(st.sampled_from([FEATHER, SEED, FREEZE, KIND, ONLY]), st.floats(0, 1))
def test_the_place_of_a_value_leads_back_to_it(control: Control, place: float):
    normalised = NormalisedControl(control)
    value = normalised.accept(place).value
    again = normalised.accept(normalised.of(value)).value
    assert again == (pytest.approx(value) if control is FEATHER else value)


def test_beyond_the_range_is_clamped_and_said_in_the_twins_own_terms():
    accepted = NormalisedControl(FEATHER).accept(1.5)
    assert accepted.value == 64.0
    assert accepted.report == "/t/n/mask/feather takes 0 to 1, got 1.5: 1 is used"


@pytest.mark.parametrize("sent", [float("nan"), float("inf"), "high", None, b"1"])
def test_what_is_no_number_is_refused(sent: Any):
    with pytest.raises(ControlError, match="/t/n/kind takes a number 0 to 1"):
        NormalisedControl(KIND).accept(sent)


def test_a_step_is_a_part_of_the_range_and_only_numbers_have_steps():
    assert NormalisedControl(FEATHER).step(Relative(-0.5)) == Relative(-40.0)
    with pytest.raises(ControlError, match="no number"):
        NormalisedControl(KIND).step(Relative(0.5))
